#!/usr/bin/env bash
# Shows what Tallytree does, in a lab on this machine. Run by `npm run demo`; needs root, asks sudo for it.
set -euo pipefail
demo="$(dirname "${BASH_SOURCE[0]}")/demo.py"
if ((EUID != 0)) && command -v sudo >/dev/null; then
  exec sudo --preserve-env=PATH /usr/bin/python3 "$demo" "$@"
fi
exec /usr/bin/python3 "$demo" "$@"
