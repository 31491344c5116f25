#include "kernel/wire/sockets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace kayton::kernel {
namespace {

constexpr int kLinger = 1000;                      // ms for the last replies
constexpr int64_t kMaxFrame = int64_t{256} << 20;  // a longer one ends its connection
constexpr int kMessagesPerTurn = 64;               // of one socket, before the others are looked at

bool receive(zmq::socket_t& socket, Frames& frames) {
    frames.clear();
    zmq::message_t part;
    do {
        if (!socket.recv(part, zmq::recv_flags::dontwait)) {
            return false;
        }
        frames.push_back(part.to_string());
    } while (part.more());
    return true;
}

void send_frames(zmq::socket_t& socket, const Frames& frames) {
    try {
        for (size_t i = 0; i < frames.size(); ++i) {
            const auto flags = i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
            (void)socket.send(zmq::buffer(frames[i]), flags | zmq::send_flags::dontwait);
        }
    } catch (const zmq::error_t&) {  // the client is gone: nobody misses it
    }
}

}  // namespace

void Sockets::bind_one(zmq::socket_t& socket, zmq::socket_type type, const std::string& endpoint,
                       const ConnectionFile& connection) {
    socket = zmq::socket_t(context_, type);
    socket.set(zmq::sockopt::linger, kLinger);
    socket.set(zmq::sockopt::maxmsgsize, kMaxFrame);
    socket.set(zmq::sockopt::sndhwm, 0);  // nothing a program printed is dropped
    if (type == zmq::socket_type::xpub) {
        socket.set(zmq::sockopt::xpub_verbose, true);
    } else if (type == zmq::socket_type::router) {
        socket.set(zmq::sockopt::router_handover, true);  // a client that comes again under its name is the same
    }
    if (!connection.curve_secretkey.empty()) {
        socket.set(zmq::sockopt::curve_server, true);
        socket.set(zmq::sockopt::curve_publickey, connection.curve_publickey);
        socket.set(zmq::sockopt::curve_secretkey, connection.curve_secretkey);
    }
    socket.bind(endpoint);
    if (endpoint.starts_with("ipc://")) {
        paths_.emplace_back(endpoint.substr(6));
        (void)::chmod(paths_.back().c_str(), 0600);
    }
}

Result<std::unique_ptr<Sockets>> Sockets::bind(const ConnectionFile& connection) {
    std::unique_ptr<Sockets> sockets(new Sockets());
    const std::array<std::tuple<zmq::socket_t*, zmq::socket_type, uint16_t, const char*>, 5> wanted{
        {{&sockets->shell_, zmq::socket_type::router, connection.shell_port, "shell"},
         {&sockets->control_, zmq::socket_type::router, connection.control_port, "control"},
         {&sockets->stdin_, zmq::socket_type::router, connection.stdin_port, "stdin"},
         {&sockets->iopub_, zmq::socket_type::xpub, connection.iopub_port, "iopub"},
         {&sockets->heartbeat_, zmq::socket_type::router, connection.hb_port, "heartbeat"}}};
    const mode_t mask = ::umask(0077);
    for (const auto& [socket, type, port, name] : wanted) {
        try {
            sockets->bind_one(*socket, type, connection.endpoint(port), connection);
        } catch (const zmq::error_t& error) {
            ::umask(mask);
            return fail(ErrorKind::kSystem,
                        std::string("cannot bind the ") + name + " socket to " + connection.endpoint(port) + ": " +
                            error.what(),
                        "another program has the port: start the kernel again");
        }
    }
    ::umask(mask);
    return sockets;
}

Sockets::~Sockets() {
    for (const auto& path : paths_) {
        std::error_code error;
        std::filesystem::remove(path, error);
    }
}

void Sockets::turn(std::chrono::milliseconds timeout, const std::vector<int>& descriptors, const Handlers& handlers) {
    std::vector<zmq::pollitem_t> items{{control_.handle(), 0, ZMQ_POLLIN, 0},
                                       {shell_.handle(), 0, ZMQ_POLLIN, 0},
                                       {stdin_.handle(), 0, ZMQ_POLLIN, 0},
                                       {iopub_.handle(), 0, ZMQ_POLLIN, 0},
                                       {heartbeat_.handle(), 0, ZMQ_POLLIN, 0}};
    for (const int descriptor : descriptors) {
        items.push_back({nullptr, descriptor, ZMQ_POLLIN, 0});
    }
    try {
        zmq::poll(items, timeout);
    } catch (const zmq::error_t& error) {
        if (error.num() != EINTR) {
            throw;
        }
        return;
    }
    Frames frames;
    const auto drain = [&](size_t item, zmq::socket_t& socket, const auto& handle) {
        for (int i = 0; (items[item].revents & ZMQ_POLLIN) != 0 && i < kMessagesPerTurn && receive(socket, frames);
             ++i) {
            handle();
        }
    };
    drain(4, heartbeat_, [&] { send_frames(heartbeat_, frames); });
    drain(0, control_, [&] { handlers.on_message(ChannelKind::kControl, std::move(frames)); });
    drain(2, stdin_, [&] { handlers.on_message(ChannelKind::kStdin, std::move(frames)); });
    drain(3, iopub_, [&] {
        if (frames.size() == 1 && !frames[0].empty() && frames[0][0] == 1) {
            handlers.on_subscription(frames[0].substr(1));
        }
    });
    drain(1, shell_, [&] { handlers.on_message(ChannelKind::kShell, std::move(frames)); });
}

zmq::socket_t& Sockets::socket_of(ChannelKind channel) {
    switch (channel) {
        case ChannelKind::kShell: return shell_;
        case ChannelKind::kControl: return control_;
        case ChannelKind::kStdin: return stdin_;
        case ChannelKind::kIopub: break;
    }
    return iopub_;
}

void Sockets::send(ChannelKind channel, const Frames& frames) {
    send_frames(socket_of(channel), frames);
}

}  // namespace kayton::kernel
