"""Who is whose parent in the overlay, and how the tree looks on a screen."""


def parents(hosts, kind, fanout):
    """The parent of each host: {host: parent or None}.

    hosts are names in order, the first is the root. kind is 'tree' (balanced: the i-th host is a child of
    the ((i - 1) / fanout)-th, counted from 0), 'star' (all below the root) or 'none'.
    """
    if kind == "none":
        return {host: None for host in hosts}
    width = max(1, len(hosts)) if kind == "star" else fanout
    return {host: hosts[(i - 1) // width] if i else None for i, host in enumerate(hosts)}


def children(parent_of):
    """The other direction: {host: [its children, in order]}."""
    below = {host: [] for host in parent_of}
    for host, parent in parent_of.items():
        if parent is not None:
            below[parent].append(host)
    return below


def drawing(parent_of, label):
    """The lines that draw the tree (or trees); label(host) is the text of one host."""
    below = children(parent_of)
    lines = []

    def draw(host, indent):
        for child in below[host]:
            last = child == below[host][-1]
            lines.append(f"{indent}{'└── ' if last else '├── '}{label(child)}")
            draw(child, indent + ("    " if last else "│   "))

    for root in (host for host, parent in parent_of.items() if parent is None):
        lines.append(label(root))
        draw(root, "")
    return lines
