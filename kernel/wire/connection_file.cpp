#include "kernel/wire/connection_file.h"

#include <nlohmann/json.hpp>

#include "shared/text_file.h"

namespace kayton::kernel {
namespace {

constexpr size_t kCurveKeySize = 40;  // of 32 bytes in Z85

}  // namespace

std::string ConnectionFile::endpoint(uint16_t port) const {
    return transport + "://" + ip + (transport == "ipc" ? "-" : ":") + std::to_string(port);
}

Result<ConnectionFile> read_connection_file(const std::filesystem::path& path) {
    const auto wrong = [&](const std::string& what) {
        return fail(ErrorKind::kInput, "the connection file " + path.string() + " " + what,
                    "a Jupyter client writes it: start the kernel with `jupyter console --kernel=NAME` or a notebook");
    };
    auto text = read_text_file(path);
    if (!text) {
        return tl::unexpected(std::move(text.error()));
    }
    const nlohmann::json file = nlohmann::json::parse(*text, nullptr, false);
    if (!file.is_object()) {
        return wrong("is not a JSON object");
    }
    ConnectionFile connection;
    const auto take_text = [&](const char* name, std::string& into) {
        if (const auto found = file.find(name); found != file.end() && found->is_string()) {
            into = found->get<std::string>();
        }
    };
    take_text("transport", connection.transport);
    take_text("ip", connection.ip);
    take_text("key", connection.key);
    take_text("signature_scheme", connection.signature_scheme);
    take_text("curve_publickey", connection.curve_publickey);
    take_text("curve_secretkey", connection.curve_secretkey);
    for (const std::string* key : {&connection.curve_publickey, &connection.curve_secretkey}) {
        if (key->size() != (connection.curve_secretkey.empty() ? 0 : kCurveKeySize)) {
            return wrong("has CurveZMQ keys that are not 40 characters each");
        }
    }
    if (connection.transport != "tcp" && connection.transport != "ipc") {
        return wrong("asks for the transport '" + connection.transport + "'; tcp and ipc are known");
    }
    if (connection.ip.empty()) {
        return wrong("has no `ip`");
    }
    const std::pair<const char*, uint16_t*> ports[] = {{"shell_port", &connection.shell_port},
                                                       {"iopub_port", &connection.iopub_port},
                                                       {"stdin_port", &connection.stdin_port},
                                                       {"control_port", &connection.control_port},
                                                       {"hb_port", &connection.hb_port}};
    for (const auto& [name, port] : ports) {
        const auto found = file.find(name);
        if (found == file.end() || !found->is_number_integer() || found->get<int64_t>() < 1 ||
            found->get<int64_t>() > 65535) {
            return wrong("has no port `" + std::string(name) + "` from 1 to 65535");
        }
        *port = static_cast<uint16_t>(found->get<int64_t>());
    }
    return connection;
}

}  // namespace kayton::kernel
