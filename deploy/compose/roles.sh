#!/bin/sh
# Runs once, inside the new database's container: the owner, who is no superuser, and a user in the role of each part.
set -eu
read_secret() { cat "/run/secrets/database-$1"; }
psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname postgres --set "password=$(read_secret owner)" <<'END'
CREATE ROLE verifier LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE verifier OWNER verifier TEMPLATE template0 ENCODING 'UTF8';
END
for part in customer staff sanitise dispose log notify; do
	psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname verifier \
		--set "role=verifier_$part" --set "login=verifier_${part}_login" --set "password=$(read_secret "$part")" <<'END'
CREATE ROLE :"role" NOLOGIN;
CREATE USER :"login" PASSWORD :'password' IN ROLE :"role";
GRANT CONNECT ON DATABASE verifier TO :"login";
END
done
# Nobody else comes in, and nobody makes tables of their own.
psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname verifier \
	--command 'REVOKE ALL ON DATABASE verifier FROM PUBLIC'
