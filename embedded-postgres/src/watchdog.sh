# Stops the server of the cluster in $1, whose data is $2, when the last process that uses it is gone.
# $3 is `throwaway` when the cluster is to be removed then.
#
# Standard input is a named pipe that every user holds open for writing. The kernel closes it for them
# however they end, so the loop ends with the last of them.
trap '' HUP INT TERM

maker= server=
while read -r word value; do
  case $word in
    maker) maker=$value ;;
    server) server=$value ;;
    attach) : >"$1/attached" ;;
  esac
done
exec </dev/null # nobody can join any more

# An unfinished cluster is of no use: end its makers, initdb and the servers it runs, at once.
[ -z "$maker" ] || kill -s KILL -- "-$maker" 2>/dev/null

# A number alone is no proof of identity, where the system can tell more.
is_alive() {
  kill -s 0 "$server" 2>/dev/null || return 1
  [ ! -e /proc/self/cwd ] || [ "/proc/$server/cwd" -ef "$1" ]
}

# A fast stop, which waits for nobody but writes a checkpoint; where nothing is to be kept, or when it
# takes too long, an immediate one, from which a kept cluster recovers at its next start.
if [ -n "$server" ]; then
  round=0
  [ "$3" = throwaway ] && round=600
  while is_alive "$2"; do
    case $round in
      0) kill -s INT "$server" ;;
      600) kill -s QUIT "$server" ;;
      1200) break ;;
    esac
    round=$((round + 1))
    sleep 0.1 2>/dev/null || sleep 1
  done
fi

if [ "$3" = throwaway ] && [ -f "$1/made-by-stocktake" ]; then
  rm -rf -- "$1"
fi
