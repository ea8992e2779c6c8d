#!/bin/sh
# Starts a Sentinel. A Sentinel writes its state into its configuration file, so the file is created here.
set -eu
configuration=$(mktemp -d)/sentinel.conf
cat >"$configuration" <<END
port ${SENTINEL_PORT:-26379}
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $(hostname)
sentinel monitor mymaster ${SENTINEL_MONITORS:-redis-master 6379} 2
sentinel auth-pass mymaster $REDIS_PASSWORD
sentinel down-after-milliseconds mymaster 5000
sentinel failover-timeout mymaster 30000
END
exec valkey-server "$configuration" --sentinel
