#!/bin/busybox sh
# Runs as the first program of the virtual machine: the inline tap's rules by nft, on a kernel that has its queue
# expression. Says "ok NAME" or "not ok NAME" for each check at the serial console, then "N passed, N failed".
# The host is the machine itself, its peer a network namespace.

export PATH=/bin
# The shell would take its own.
ip() { /bin/ip "$@"; }
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
passed=0 failed=0
own=10.99.0.1 own6=fd00:99::1 peer=10.99.0.2 peer6=fd00:99::2

say() { echo "$*" >/dev/ttyS0; }

# check NAME COMMAND...
check() {
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1)) && say "ok $name"
  else
    failed=$((failed + 1)) && say "not ok $name ($*)"
    cat /run/said /run/counts
  fi
}

# until_true SECONDS COMMAND...
until_true() {
  local tenths=$(($1 * 10))
  shift
  until "$@"; do
    [ $((tenths = tenths - 1)) -gt 0 ] || return 1
    sleep 0.1
  done
}

make_network() {
  ip link set lo up
  ip netns add peer
  ip link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns peer
  ip addr add $own/24 dev eth0 && ip addr add $own6/64 dev eth0 nodad && ip link set eth0 up
  ip -n peer addr add $peer/24 dev eth0 && ip -n peer addr add $peer6/64 dev eth0 nodad
  ip -n peer link set lo up && ip -n peer link set eth0 up
}

# IPv6 that is not asked for anything stays silent: neighbours are known, and nothing but pings leaves.
silence() {
  ip neigh replace $peer6 lladdr 02:00:00:00:00:02 dev eth0 nud permanent
  ip -n peer neigh replace $own6 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
  echo 'table ip6 quiet {
    chain output {
      type filter hook output priority -300
      icmpv6 type != { echo-request, echo-reply } drop
    }
  }' >/run/quiet
  nft -f /run/quiet
  ip netns exec peer nft -f /run/quiet
}

table() { nft list table inet tallytree 2>/dev/null; }
rules() { table | grep -c "$1"; }
# The rule in both chains that queues.
stands() { [ "$(rules 'counter packets [0-9]* bytes [0-9]* queue')" = 2 ]; }
has_chains_only() { [ "$(rules 'hook')" = 2 ] && ! table | grep -q queue; }
is_gone() { ! nft list tables | grep -q tallytree; }
in_table() { table | grep -q "$1"; }

start() {
  live-source nfqueue --guard /bin/tallytree-guard "$@" >/run/counts 2>/run/said &
  source=$!
  until_true 20 grep -q ready /run/said
}

stop() {
  kill -TERM $source
  wait $source
}

# packets "input 1": as the source counted them.
packets() { sed -n "s/.*\"$1\":{\"skbs\":[0-9]*,\"packets\":\([0-9]*\).*/\1/p" /run/counts | awk '{ n += $1 } END { print n + 0 }'; }
counted() { [ "$(packets "$1")" = "$2" ]; }
told() { grep -q "$1" /run/counts; }

# pings COUNT ADDRESS: from the peer; true when every answer came.
pings() { ip netns exec peer ping -q -c "$1" -i 0.1 -W 3 "$2" | grep -q " $1 received"; }

counts() {
  check "starts without iptables" start
  check "stands in its own table" stands
  check "goes around a dead monitor" in_table 'queue flags bypass to 8000$'
  check "leaves SSH out" in_table 'tcp dport 22 return'
  check "leaves the agent out" in_table 'tcp sport 8000 return'
  check "lets IPv4 pass" pings 9 $own
  check "lets IPv6 pass" pings 7 $own6
  check "ends" stop
  check "leaves nothing" is_gone
  check "counts IPv4 in" counted "input 1" 9
  check "counts IPv4 out" counted "output 1" 9
  check "counts IPv6 in" counted "input 58" 7
  check "counts IPv6 out" counted "output 58" 7
}

survives_flush() {
  start
  nft flush ruleset
  check "puts back what others flushed" until_true 10 stands
  check "counts again" pings 5 $own
  stop
  check "counts what came since" counted "input 1" 5
  check "tells the gap" told '"gaps":\["flushed"\]'
}

survives_hang() {
  start
  kill -STOP $source
  check "lets traffic go on while the monitor hangs" pings 30 $own
  check "keeps empty chains meanwhile" until_true 5 has_chains_only
  kill -CONT $source
  check "puts the rules back" until_true 10 stands
  check "counts on" pings 5 $own
  stop
  check "tells that gap" told '"gaps":\["hung"\]'
  check "leaves nothing after that" is_gone
}

survives_kill() {
  start
  kill -KILL $source
  check "lets traffic go on when the monitor is killed" pings 5 $own
  check "takes the rules away then" until_true 10 is_gone
  start
  kill -KILL "$(pidof tallytree-guard)" $source
  check "lets traffic pass when both are killed" pings 5 $own
  check "leaves rules then" stands
  tallytree-guard --clean
  check "which the next start takes" is_gone
}

spreads() {
  start --queues 2
  check "deals out to two queues" in_table 'queue flags bypass to 8000-8001$'
  for last in 11 12 13 14 15 16 17 18; do
    ip -n peer addr add 10.99.0.$last/24 dev eth0
    ip netns exec peer ping -q -c 3 -i 0.1 -W 3 -I 10.99.0.$last $own >/dev/null
  done
  stop
  check "counts both" counted "input 1" 24
  check "has readers for both" [ "$(grep -c '"input 1"' /run/counts)" = 2 ]
  check "leaves nothing of both" is_gone
}

modprobe -a veth nf_tables nft_queue nfnetlink_queue
make_network
silence
for part in counts survives_flush survives_hang survives_kill spreads; do
  say "# $part, $(cut -d' ' -f1 /proc/uptime) s"
  $part
done
say "$passed passed, $failed failed"
echo o >/proc/sysrq-trigger
sleep 60
