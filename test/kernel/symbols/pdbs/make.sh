#!/bin/sh
# Makes the program databases of this folder anew from kernel.c, with clang and lld (Debian: clang, lld).
set -e
cd "$(dirname "$0")"
make_pdb() {
  clang --target="$1-pc-windows-msvc" -O1 -g -gcodeview -ffreestanding -c kernel.c -o kernel.obj
  lld-link /dll /noentry /debug /brepro /nodefaultlib /safeseh:no "/pdb:$2.pdb" "/pdbaltpath:$2.pdb" /out:kernel.dll \
    kernel.obj /export:KiSystemStartup
  gzip -9 -n -f "$2.pdb"
  rm -f kernel.obj kernel.dll kernel.lib
}
make_pdb x86_64 ntkrnlmp
make_pdb i686 ntkrpamp
make_pdb aarch64 ntkrla57
