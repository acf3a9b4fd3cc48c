# What the tests of ranks and surroundings that fail have in common: sourced with the words
#     RANKINE MPIRUN "MPIRUN_FLAGS" MAKE_ERA5_LIKE WORK CASE
# It makes WORK anew with an input, goes there, and knows how to complain.
rankine=$1 mpirun=$2 flags=$3 make_input=$4 work=$5 case=$6
export SOURCE_DATE_EPOCH=1700000000 OMPI_MCA_orte_allowed_exit_without_sync=1
rm -rf "$work"
mkdir -p "$work/out"
cd "$work" || exit 1
"$make_input" input.nc 80 8 91 120
failed=0

complain() {
  echo "$case: $*" >&2
  [ $failed -eq 1 ] || sed 's/^/    /' message >&2
  failed=1
}
