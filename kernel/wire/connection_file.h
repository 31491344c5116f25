// The connection file that a Jupyter client leaves for its kernel: where to bind, and the key of the signatures.
// Plain values, any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "shared/result.h"

namespace kayton::kernel {

struct ConnectionFile {
    std::string transport = "tcp";  // or "ipc"
    std::string ip;                 // for ipc: the beginning of the sockets' paths
    uint16_t shell_port = 0;
    uint16_t iopub_port = 0;
    uint16_t stdin_port = 0;
    uint16_t control_port = 0;
    uint16_t hb_port = 0;
    std::string key;
    std::string signature_scheme = "hmac-sha256";
    // CurveZMQ keys as Z85: every socket is encrypted, and takes only clients that know the public one.
    std::string curve_publickey;
    std::string curve_secretkey;

    [[nodiscard]] std::string endpoint(uint16_t port) const;
};

// kInput when it cannot be read, is no JSON object, or lacks a member.
[[nodiscard]] Result<ConnectionFile> read_connection_file(const std::filesystem::path& path);

}  // namespace kayton::kernel
