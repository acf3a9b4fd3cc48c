#!/bin/sh
# An example of custom graphs prints what it should, alone and on several ranks:
#     task_examples.sh PROGRAM MPIRUN "MPIRUN_FLAGS" EXPECTED
set -eu
program=$1 mpirun=$2 flags=$3 expected=$4
export RANKINE_OPTIONS=--quiet
status=0
for ranks in 0 1 3; do
  if [ "$ranks" -eq 0 ]; then
    printed=$(timeout 60 "$program") || status=$?
  else
    # shellcheck disable=SC2086
    printed=$(timeout 60 "$mpirun" -n "$ranks" $flags "$program") || status=$?
  fi
  if [ "$printed" != "$(cat "$expected")" ] || [ "$status" -ne 0 ]; then
    printf 'on %s ranks, with status %s:\n%s\ninstead of:\n%s\n' "$ranks" "$status" "$printed" "$(cat "$expected")" >&2
    exit 1
  fi
done
