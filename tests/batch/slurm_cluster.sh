# A Slurm of a few nodes on one machine, to be sourced. Each node has its own name, address, processes and /tmp, so that
# it can be powered off and have its cable cut. Needs root, network namespaces and Debian's slurmctld, slurmd,
# slurm-client, munge and iproute2.
#
#     cluster_missing           what is missing here, or nothing
#     cluster_up NODES CPUS     in $cluster, a folder that all nodes see; sets SLURM_CONF
#     node_off I / node_cut I   power, cable
#     cluster_down              also after half a start

cluster_bridge=rkbatch0
cluster_net=10.79.0

cluster_missing() {
  [ "$(id -u)" -eq 0 ] || { echo "root"; return; }
  for program in slurmctld slurmd munged sbatch ip unshare nsenter; do
    PATH=$PATH:/usr/sbin:/sbin command -v $program >/dev/null 2>&1 || { echo "$program"; return; }
  done
  unshare --uts --net --pid --mount --fork true 2>/dev/null || { echo "the right to make namespaces"; return; }
  if ! ip link show $cluster_bridge >/dev/null 2>&1; then
    { ip link add $cluster_bridge type bridge && ip link del $cluster_bridge; } 2>/dev/null || echo "the right to make network bridges"
  fi
}

# wait_until SECONDS COMMAND...: tries it ten times a second.
wait_until() {
  tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.1
  done
}

write_slurm_conf() { # nodes, cpus
  cat <<END
ClusterName=rankine
SlurmctldHost=$(hostname -s)($cluster_net.254)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket
CredType=cred/munge
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool-%n
TmpFS=/tmp
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd-%n.pid
SlurmctldLogFile=$cluster/log/slurmctld
SlurmdLogFile=$cluster/log/slurmd-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=5
MinJobAge=600
SlurmdTimeout=15
BatchStartTimeout=10
MessageTimeout=5
PlugStackConfig=$cluster/plugstack.conf
END
  for i in $(seq "$1"); do
    echo "NodeName=node$i NodeAddr=$cluster_net.$i CPUs=$2 Sockets=1 CoresPerSocket=$2 ThreadsPerCore=1 RealMemory=4000"
  done
  echo "PartitionName=all Nodes=node[1-$1] Default=YES MaxTime=30 DefaultTime=5 State=UP"
}

# The first process of a node; its death takes all others with it. What lies below /tmp is the node's own but for $2.
write_node_main() {
  cat <<'END'
#!/bin/sh
number=$1 shared=$2 cluster=$3 address=$4
hostname "node$number"
mount --make-rprivate /
mount --bind "$cluster/hosts" /etc/hosts
mkdir -p "$cluster/tmp$number"
chmod 1777 "$cluster/tmp$number"
case $shared in
  /tmp/*)
    mkdir -p "$cluster/tmp$number/${shared#/tmp/}"
    mount --bind "$shared" "$cluster/tmp$number/${shared#/tmp/}"
    ;;
esac
mount --rbind "$cluster/tmp$number" /tmp
mount -t proc proc /proc
read -r _ <"$cluster/plugged$number"   # the other end of the cable is made outside
ip link set lo up
ip addr add "$address/24" dev eth0
ip link set eth0 up
SLURM_CONF=$cluster/slurm.conf slurmd -D -N "node$number"
END
}

node_up() { # number, folder that holds the program
  mkdir -p "$cluster/spool-node$1"
  rm -f "$cluster/plugged$1"
  mkfifo "$cluster/plugged$1"
  unshare --uts --net --pid --mount --fork --kill-child sh "$cluster/node_main.sh" "$1" "$2" "$cluster" "$cluster_net.$1" \
    >"$cluster/log/node$1" 2>&1 9>&- &
  outer=$!
  wait_until 10 grep -q . "/proc/$outer/task/$outer/children" || return 1
  inner=$(tr -d ' \n' <"/proc/$outer/task/$outer/children")
  echo "$inner" >"$cluster/node$1.pid"
  ip link del "rkcable$1" 2>/dev/null
  ip link add "rkcable$1" type veth peer name eth0 netns "$inner" || return 1
  ip link set "rkcable$1" master $cluster_bridge up || return 1
  echo plugged >"$cluster/plugged$1"
}

node_off() { kill -9 "$(cat "$cluster/node$1.pid")" && rm -f "$cluster/node$1.pid"; }
node_cut() { ip link set "rkcable$1" down; }

nodes_are_idle() { [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" -eq "$1" ]; }

cluster_up() { # nodes, cpus, folder that holds the program
  PATH=$PATH:/usr/sbin:/sbin
  mkdir -p "$cluster/state" "$cluster/log" "$cluster/munge"
  chmod 755 "$cluster" "$cluster/state" "$cluster/log"
  chmod 711 "$cluster/munge"   # all must reach the socket; the key is closed
  : >"$cluster/plugstack.conf"
  (umask 077 && dd if=/dev/urandom of="$cluster/munge/key" bs=128 count=1 status=none)
  munged --foreground --socket="$cluster/munge/socket" --key-file="$cluster/munge/key" --pid-file="$cluster/munge/pid" \
    --log-file="$cluster/munge/log" --seed-file="$cluster/munge/seed" >"$cluster/log/munged" 2>&1 9>&- &
  echo $! >"$cluster/munged.pid"
  wait_until 10 test -S "$cluster/munge/socket" || return 1
  ip link del $cluster_bridge 2>/dev/null
  ip link add $cluster_bridge type bridge && ip addr add "$cluster_net.254/24" dev $cluster_bridge && ip link set $cluster_bridge up || return 1
  { echo "127.0.0.1 localhost"; echo "$cluster_net.254 $(hostname -s)"; for i in $(seq "$1"); do echo "$cluster_net.$i node$i"; done; } >"$cluster/hosts"
  write_slurm_conf "$1" "$2" >"$cluster/slurm.conf"
  write_node_main >"$cluster/node_main.sh"
  export SLURM_CONF="$cluster/slurm.conf"
  slurmctld -D -c >"$cluster/log/slurmctld.out" 2>&1 9>&- &
  echo $! >"$cluster/controller.pid"
  for i in $(seq "$1"); do node_up "$i" "$3" || return 1; done
  wait_until 30 nodes_are_idle "$1"
}

cluster_down() {
  for file in "$cluster"/*.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")"; done 2>/dev/null
  ip link del $cluster_bridge 2>/dev/null
  return 0
}
