// The five sockets of a kernel, bound as the connection file says. Heartbeats are answered here.
// One thread: the one that made it.
#pragma once

#include <chrono>
#include <functional>
#include <zmq.hpp>

#include "kernel/session/outbox.h"
#include "kernel/wire/connection_file.h"
#include "kernel/wire/message.h"
#include "shared/result.h"

namespace kayton::kernel {

class Sockets {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Sockets>> bind(const ConnectionFile& connection);
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;
    ~Sockets();

    struct Handlers {
        std::function<void(ChannelKind, Frames)> on_message;
        std::function<void(const std::string& topic)> on_subscription;
    };
    // Waits at most `timeout` for messages or for one of the descriptors, and handles what is there: control first.
    void turn(std::chrono::milliseconds timeout, const std::vector<int>& descriptors, const Handlers& handlers);
    void send(ChannelKind channel, const Frames& frames);

  private:
    Sockets() = default;
    void bind_one(zmq::socket_t& socket, zmq::socket_type type, const std::string& endpoint,
                  const ConnectionFile& connection);
    zmq::socket_t& socket_of(ChannelKind channel);

    zmq::context_t context_{1};
    zmq::socket_t shell_;
    zmq::socket_t control_;
    zmq::socket_t stdin_;
    zmq::socket_t iopub_;
    zmq::socket_t heartbeat_;
    std::vector<std::filesystem::path> paths_;  // of ipc sockets
};

}  // namespace kayton::kernel
