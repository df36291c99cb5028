"""The lab: a Mininet network with monitors and agents in its hosts. network.py puts it together."""
