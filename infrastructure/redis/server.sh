#!/bin/sh
# Starts a master, or with --replicaof a replica. Every change is on the disk within a second. Nothing is evicted.
set -eu
exec valkey-server \
    --requirepass "$REDIS_PASSWORD" --masterauth "$REDIS_PASSWORD" \
    --appendonly yes --appendfsync everysec --maxmemory-policy noeviction \
    --replica-announce-ip "$(hostname)" \
    "$@"
