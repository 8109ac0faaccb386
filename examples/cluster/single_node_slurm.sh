#!/bin/bash
# Make this one machine a Slurm cluster, to try a job before it goes to a real one: sudo bash single_node_slurm.sh
# For Debian and its kin, with or without systemd (so also in a container). Run it as often as you like: what is
# installed and running already stays as it is, and a slurm.conf that this script has not written is left alone.

set -euo pipefail
CONFIG=/etc/slurm/slurm.conf
MARK="# written by single_node_slurm.sh"

[ "$(id -u)" = 0 ] || { echo "this installs packages and starts daemons: run it as root" >&2; exit 1; }

# munge tells the daemons who is asking; its package makes a key for this machine.
if ! [ -x /usr/sbin/slurmd ] || ! [ -x /usr/sbin/slurmctld ] || ! [ -x /usr/sbin/munged ]; then
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y slurm-wlm munge
fi

if [ -e "$CONFIG" ] && ! grep -qxF "$MARK" "$CONFIG"; then
    echo "$CONFIG is there already: this machine belongs to a cluster, and nothing was changed" >&2
    exit 1
fi

# slurmd -C describes this machine, cores and memory; the memory is left out, as it may differ at the next start.
NODE=$(/usr/sbin/slurmd -C | head -n 1 | sed 's/ RealMemory=[0-9]*//')
cat > "$CONFIG" << END
$MARK
ClusterName=single
SlurmctldHost=$(hostname -s)
SlurmUser=slurm
StateSaveLocation=/var/lib/slurm/slurmctld
SlurmdSpoolDir=/var/lib/slurm/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
# Processes are followed and bound without cgroups, which a container may not change.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Cores are what is shared out: two tasks run at once on two cores, a third waits.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
# A machine that was switched off is used again without being asked for.
ReturnToService=2
KillWait=5
$NODE State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END

# By systemd, where it runs, or else by the scripts in /etc/init.d; one that runs already is no error.
for daemon in munge slurmctld slurmd; do
    service "$daemon" start
done
scontrol reconfigure 2> /dev/null || true

for _ in $(seq 30); do
    if sinfo --noheader --format=%T 2> /dev/null | grep -qE "idle|mixed|allocated"; then
        sinfo
        exit 0
    fi
    sleep 1
done
sinfo || true
echo "the node does not answer: see /var/log/slurm" >&2
exit 1
