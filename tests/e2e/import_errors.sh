# Crates that are missing or built for another plugin interface: the exact line, before anything of the program runs.
source "${E2E_SOURCE:?}/prelude.sh" || exit 1

cat >missing.kay <<'KAYTON'
print("must not be printed")
rimport reqwest
KAYTON
run 1 kayton run missing.kay
out_is ""
err_is "ImportError: Library 'reqwest' is not installed in the active Kayton environment 'e2e'. Run: kik rinstall reqwest"
printf 'print("no")\nfrom serde_json rimport Value\n' >from.kay
run 1 kayton run from.kay
out_is ""
err_is "ImportError: Library 'serde_json' is not installed in the active Kayton environment 'e2e'. Run: kik rinstall serde_json"

# A home of its own, with the real plugin in it, for what damages it. Everything there is copied, not linked.
home="$WORK/home"
mkdir -p "$home/envs"
cp -r "$KAYTON_HOME/envs/e2e" "$home/envs"
export KAYTON_HOME="$home"
plugin="$(kik path plugin_hello)"
printf 'rimport plugin_hello\nprint(plugin_hello.greet("you"))\n' >greet.kay
run 0 kayton run greet.kay
out_is "Hello, you!"

host="$(kik list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["abi_version"])')"
sed -i 's/"abi_version": *[0-9]*/"abi_version": 3/' "$plugin/manifest.json" "$home/envs/e2e/metadata/registry.json"
run 1 kayton run greet.kay
out_is ""
err_is "PluginABIError: 'plugin_hello' built with ABI v3 but host expects v$host. Reinstall plugin or switch environment."
sed -i "s/\"abi_version\": *3/\"abi_version\": $host/" "$plugin/manifest.json" "$home/envs/e2e/metadata/registry.json"
run 0 kayton run greet.kay

cp "$plugin/manifest.json" manifest.good
head -c 100 manifest.good >"$plugin/manifest.json"
run 1 kayton run greet.kay
out_is ""
err_has manifest.json
err_has "kik rinstall"
cp manifest.good "$plugin/manifest.json"

cp "$plugin/plugin.so" plugin.good
head -c 5000 plugin.good >"$plugin/plugin.so.new" && mv "$plugin/plugin.so.new" "$plugin/plugin.so"
run 1 kayton run greet.kay
out_is ""
err_has plugin_hello
rm "$plugin/plugin.so"
run 1 kayton run greet.kay
out_is ""
err_has plugin_hello
cp plugin.good "$plugin/plugin.so"
run 0 kayton run greet.kay
no_workers
