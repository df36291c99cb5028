#!/usr/bin/env bash
# Boots a virtual machine (QEMU in software: no KVM is asked for) with Debian's own kernel, which has nftables' queue
# expression where the host's need not, and runs inside.sh in it. Ends with the line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$here/../../build/machine

make -s -C "$here/../../native/test" live
"$here/image.sh" "$folder"
timeout 1200 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 512 -no-reboot \
  -nodefaults -no-user-config -display none -serial stdio -kernel "$folder/kernel" -initrd "$folder/initramfs" \
  -append "console=ttyS0 quiet rdinit=/init panic=-1 mitigations=off" </dev/null | sed -u 's/\r$//' | tee "$folder/said"
grep -qE '^[1-9][0-9]* passed, 0 failed$' "$folder/said"
