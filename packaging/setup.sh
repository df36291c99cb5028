#!/usr/bin/env bash
# Makes a fresh checkout on Debian 12 with Node 20 ready to run: packages, modules, builds, commands.
# Does only what is missing; says nothing when nothing is. Run by `npm run setup`, `npm test` and the like.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What the build, the programs and the tests need of Debian.
packages=(
  build-essential clang libclang-rt-14-dev pkg-config python3 libmnl-dev libpcap-dev libzstd-dev zlib1g-dev
  iproute2 iptables nftables iputils-ping iperf3 netcat-openbsd ethtool tcpdump zstd
  mininet openvswitch-switch python3-requests nats-server
)
packages+=("$@")  # what one command needs besides
sources=(agent controller-client mininet monitor native overlay replay test)
programs=(
  tallytree:controller-client/cli/main.js
  tallytree-agent:agent/main.js
  tallytree-monitor:monitor/main.js
)

log=$(mktemp)
trap 'rm -f "$log" "$log.mark"' EXIT

fail() {
  echo "setup: $1" >&2
  exit 1
}

# A step's command runs where bash ignores `set -e`, so the functions below chain with &&.
# step SENTENCE-FOR-FAILURE WHAT-IS-DONE COMMAND...: one line of progress, the command's own words only if it fails.
step() {
  local sentence=$1 doing=$2 started=$SECONDS
  shift 2
  echo "setup: $doing ..."
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    fail "$sentence"
  fi
  echo "setup: $doing: done in $((SECONDS - started)) s"
}

check_node() {
  command -v node >/dev/null || fail "Node.js 20.19 or later is needed and no node was found: install it from nodejs.org or NodeSource."
  command -v npm >/dev/null || fail "npm was not found beside node: install it (it comes with Node.js from nodejs.org)."
  local version major minor
  version=$(node -p 'process.versions.node')
  IFS=. read -r major minor _ <<<"$version"
  if ((major < 20 || (major == 20 && minor < 19))); then
    fail "Node.js 20.19 or later is needed and this is $version: install a newer one."
  fi
}

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
  for package in "${packages[@]}"; do
    grep -qx "$package installed" <<<"$installed" || echo "$package"
  done
}

# RUNLEVEL=1 keeps a freshly installed package from starting its service.
apt_install() {
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 -qq -y \
    install --no-install-recommends "$@"
}

# The package lists are fetched only when the ones at hand do not do.
install_packages() {
  apt_install "$@" || { apt-get -o DPkg::Lock::Timeout=300 -qq update && apt_install "$@"; }
}

check_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is no Debian system; these packages or their like must be there: ${packages[*]}" >&2
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  ((EUID == 0)) || fail "these Debian packages are missing and only root can install them: ${missing[*]}"
  step "the Debian packages ${missing[*]} could not be installed: check the network and /etc/apt/sources.list." \
    "installing ${missing[*]}" install_packages "${missing[@]}"
}

check_modules() {
  [[ node_modules/.package-lock.json -nt package-lock.json ]] && return
  step "npm ci failed: check the network and npm's registry setting." "installing node modules" \
    npm ci --no-audit --no-fund
  touch node_modules/.package-lock.json
}

# newer STAMP NAME-PATTERN PATH...: true when a file of that name is newer than the stamp, or there is no stamp.
newer() {
  local stamp=$1 pattern=$2
  shift 2
  [[ ! -e $stamp ]] || [[ -n $(find "$@" -regextype posix-extended -regex "$pattern" -newer "$stamp" -print -quit) ]]
}

# What no source stands for any more was not written again, so it is older than the mark.
build_typescript() {
  local mark=dist/.building
  mkdir -p dist && touch $mark &&
    npx --no-install tsc -p . &&
    npx --no-install rolldown -c &&
    find dist -type f -not -newer $mark -not -name .building -delete &&
    mv $mark dist/.built
}

check_typescript() {
  newer dist/.built '.*(\.ts|\.json)' tsconfig.json rolldown.config.ts package-lock.json "${sources[@]}" || return 0
  step "the TypeScript does not compile: the lines above say where." "compiling TypeScript" build_typescript
}

# npm hands its nodedir setting to node-gyp; without one, headers that came with this node save a download.
build_native() {
  local prefix mark=$log.mark
  prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")') || return
  if [[ $(npm config get nodedir 2>/dev/null) == undefined && -e $prefix/include/node/node_api.h ]]; then
    export npm_config_nodedir=$prefix
  fi
  touch "$mark" && JOBS=max npm run --silent build:native &&
    [[ -e build/Release/tallytree.node && -x build/Release/tallytree-guard ]] &&
    mv "$mark" build/.built
}

check_native() {
  newer build/.built '.*(\.cc|\.h|\.gyp|package-lock\.json)' binding.gyp package-lock.json native/core native/binding native/guard || return 0
  step "the native add-on does not build: the lines above say why." "building the native add-on" build_native
}

link_programs() {
  local program name target
  for program in "${programs[@]}"; do
    name=${program%%:*} target=dist/${program#*:}
    [[ -x $target ]] || chmod +x "$target"
    [[ node_modules/.bin/$name -ef $target ]] || ln -sfn "../../$target" "node_modules/.bin/$name"
  done
}

check_node
check_packages
check_modules
check_typescript
check_native
link_programs
