# Sourced. `run_with_ranks N COMMAND...` starts COMMAND under mpirun with what small machines need.
# More ranks than cores: mpirun must be told that this is meant. Default binding would put all threads of a
# rank onto one core. Containers often run as root, which Open MPI refuses without two variables.
run_with_ranks() {
  ranks=$1
  shift
  flags=
  if mpirun --version 2>/dev/null | grep -q -e "Open MPI" -e OpenRTE -e PRRTE; then
    flags="--bind-to none"
    [ "$ranks" -le "$(nproc)" ] || flags="$flags --oversubscribe"
    [ "$ranks" -le "$(nproc)" ] || export OMPI_MCA_mpi_yield_when_idle=1
    if [ "$(id -u)" -eq 0 ]; then
      export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
  fi
  mpirun -n "$ranks" $flags "$@"
}
