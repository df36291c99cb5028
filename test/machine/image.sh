#!/usr/bin/env bash
# Makes what the virtual machine boots: image.sh FOLDER leaves FOLDER/kernel and FOLDER/initramfs, Debian's own kernel
# and a small system of busybox, ip, ping, nft, our guard and the live source, and no iptables. The kernel's files are
# fetched and unpacked, not installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../../build
folder=$1
root=$folder/root
modules=(nf_tables nft_queue nfnetlink_queue veth)
programs=(/usr/sbin/ip /usr/bin/ping /usr/sbin/nft "$build/Release/tallytree-guard" "$build/native-test/live-source")

fetch_kernel() {
  local package
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
  mkdir -p "$folder/packages"
  [[ -n $(find "$folder/packages" -name "${package}_*.deb") ]] && return
  rm -rf "$folder/packages" "$folder/unpacked" && mkdir -p "$folder/packages"
  (cd "$folder/packages" && apt-get -qq -o APT::Sandbox::User=root download "$package")
  dpkg -x "$folder"/packages/*.deb "$folder/unpacked"
}

put_programs() {
  local program
  for program in "${programs[@]}"; do
    cp -L "$program" "$root/bin/"
    ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
      mkdir -p "$root${library%/*}" && cp -nL "$library" "$root$library"
    done
  done
  cp /bin/busybox "$root/bin/"
  cp "$here/inside.sh" "$root/init"
}

put_modules() {
  local version=$1 module
  depmod -b "$folder/unpacked" "$version"
  for module in "${modules[@]}"; do
    modprobe -d "$folder/unpacked" -S "$version" --show-depends "$module" | awk '{ print $2 }'
  done | sort -u | while read -r path; do
    install -D "$path" "$root/lib/modules/$version/${path##*/}"
  done
  depmod -b "$root" "$version" 2>/dev/null
}

mkdir -p "$folder"
fetch_kernel
rm -rf "$root" && mkdir -p "$root"/{bin,lib,lib64,proc,sys,dev,run,tmp}
ln -s bin "$root/sbin"
put_programs
version=$(ls "$folder/unpacked/lib/modules")
put_modules "$version"
cp "$folder/unpacked/boot/vmlinuz-$version" "$folder/kernel"
(cd "$root" && find . | cpio --quiet -o -H newc >"$folder/initramfs")
