#!/bin/bash
# One task of the array. The packed environment is unpacked once a node; whoever comes first does it, the rest wait.
#SBATCH --job-name=kayton-pi
#SBATCH --array=0-7
#SBATCH --cpus-per-task=1
#SBATCH --output=result-%a.txt
set -euo pipefail
: "${PACK:?the packed environment}" "${PROGRAMS:?the folder of the programs}"
# A node's own disk. Here both nodes are one machine, so that the node's name tells them apart.
place="${TMPDIR:-/tmp}/kayton-$SLURM_JOB_USER-$SLURM_ARRAY_JOB_ID-${SLURMD_NODENAME:-node}"
(
    flock 9
    if [[ ! -e "$place/ready" ]]; then
        mkdir -p "$place"
        zstd -dc "$PACK" | tar -x -C "$place"
        touch "$place/ready"
    fi
) 9>"$place.lock"
cd "$PROGRAMS"
exec "$place/use" kayton run pi_part.kay "$SLURM_ARRAY_TASK_ID" 8
