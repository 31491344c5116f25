#include "supervisor/broker/net_broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "shared/resolve_request.h"
#include "shared/shell_word.h"
#include "supervisor/sandbox/refusal.h"

namespace kayton {
namespace {

constexpr int kMostThreads = 64;
constexpr uint64_t kSocketKind = 0xf;  // the rest of the type are flags

// An address as bytes, with its port: IPv4 as IPv4.
using Place = std::pair<std::string, uint16_t>;

std::string address_bytes(const in6_addr& address) {
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        return {reinterpret_cast<const char*>(&address) + 12, 4};
    }
    return {reinterpret_cast<const char*>(&address), sizeof address};
}

Place place_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return {{reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr}, ntohs(v4.sin_port)};
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    return {address_bytes(v6.sin6_addr), ntohs(v6.sin6_port)};
}

std::string in_words(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = address.ss_family == AF_INET;
    const void* bytes = v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                           : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    ::inet_ntop(address.ss_family, bytes, text.data(), text.size());
    const std::string port = std::to_string(place_of(address).second);
    return v4 ? std::string(text.data()) + ":" + port : "[" + std::string(text.data()) + "]:" + port;
}

// The bytes of a host that is written as an address; empty for a name.
std::string literal_address(const std::string& host) {
    std::array<char, sizeof(in6_addr)> bytes{};
    if (::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) {
        return {bytes.data(), sizeof(in_addr)};
    }
    if (::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) {
        in6_addr address{};
        std::memcpy(&address, bytes.data(), sizeof address);
        return address_bytes(address);
    }
    return {};
}

// It comes from the worker and is shown to a person.
std::string in_print(std::string text) {
    for (char& byte : text) {
        byte = byte > 0x20 && byte < 0x7f ? byte : '?';
    }
    return text;
}

bool move_memory(bool write, pid_t process, uint64_t there_at, void* here_at, size_t size) {
    const iovec here{here_at, size};
    const iovec there{reinterpret_cast<void*>(there_at), size};
    const ssize_t moved = write ? ::process_vm_writev(process, &here, 1, &there, 1, 0)
                                : ::process_vm_readv(process, &here, 1, &there, 1, 0);
    return moved == static_cast<ssize_t>(size);
}

void answer(int listener, uint64_t id, int error, int64_t value) {
    alignas(seccomp_notif_resp) std::array<char, 1024> room{};
    auto& response = *reinterpret_cast<seccomp_notif_resp*>(room.data());
    response.id = id;
    response.error = -error;
    response.val = value;
    (void)::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

bool still_waits(int listener, uint64_t id) {
    return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

}  // namespace

struct NetBroker::Shared {
    std::mutex mutex;
    std::set<Place> places;  // port 0: any
    std::atomic<int> threads{0};

    void allow(std::string address, uint16_t port) {
        const std::lock_guard<std::mutex> held(mutex);
        places.emplace(std::move(address), port);
    }
    [[nodiscard]] bool allows(const Place& place) {
        const std::lock_guard<std::mutex> held(mutex);
        return places.contains(place) || places.contains({place.first, 0});
    }
};

Result<NetGrant> parse_net_grant(const std::string& text) {
    NetGrant grant;
    std::string port;
    const size_t colon = text.rfind(':');
    if (text.starts_with("[")) {
        const size_t end = text.find(']');
        grant.host = text.substr(1, end == std::string::npos ? end : end - 1);
        port = end != std::string::npos && text.substr(end + 1).starts_with(":") ? text.substr(end + 2) : "";
    } else if (colon != std::string::npos && text.find(':') == colon) {
        grant.host = text.substr(0, colon);
        port = text.substr(colon + 1);
    } else {
        grant.host = text;
    }
    char* end = nullptr;
    const unsigned long number = std::strtoul(port.c_str(), &end, 10);
    const bool good_port = port.empty() ? !text.ends_with(":") : *end == '\0' && number > 0 && number <= 65535;
    if (grant.host.empty() || grant.host.find_first_of(" /") != std::string::npos || !good_port) {
        return fail(ErrorKind::kUsage, "'" + text + "' is no host and port", "write it as example.com:443 or [::1]:80");
    }
    grant.port = static_cast<uint16_t>(number);
    return grant;
}

NetBroker::NetBroker(NetAccess access, std::vector<NetGrant> grants)
    : access_(access), grants_(std::move(grants)), shared_(std::make_shared<Shared>()) {
    for (const NetGrant& grant : grants_) {
        if (std::string address = literal_address(grant.host); !address.empty()) {
            shared_->allow(std::move(address), grant.port);
        } else if (::strcasecmp(grant.host.c_str(), "localhost") == 0) {
            shared_->allow(literal_address("127.0.0.1"), grant.port);
            shared_->allow(literal_address("::1"), grant.port);
        }
    }
}

void NetBroker::refuse_listening() {
    refusal_ = refusal_text("waiting for connections", "--allow-net", "net", "");
}

void NetBroker::refuse_place(const std::string& what, const std::string& place) {
    refusal_ = refusal_text(what, "--allow-net=" + shell_word(place), "net", place);
}

std::string NetBroker::take_refusal() {
    return std::exchange(refusal_, {});
}

bool NetBroker::may_have_socket(uint64_t domain, uint64_t type, uint64_t protocol) {
    const bool internet = domain == AF_INET || domain == AF_INET6;
    const uint64_t kind = type & kSocketKind;
    if (access_ == NetAccess::kAll) {
        return (internet && (kind == SOCK_STREAM || kind == SOCK_DGRAM)) ||
               (domain == AF_NETLINK && protocol == NETLINK_ROUTE);
    }
    // TCP is judged when it connects: then the place is known, and can be named. Others send without connecting.
    if (internet && kind == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP)) {
        return true;
    }
    if (internet) {
        refusal_ = refusal_text("the network other than by TCP", "--allow-net", "net", "");
    }
    return false;
}

void NetBroker::connect(const Call& call, int pidfd, int listener) {
    if (static_cast<int>(call.socket) == -1 && call.length == sizeof(ResolveRequest)) {
        return resolve(call, listener);
    }
    sockaddr_storage address{};
    if (call.length < sizeof(sockaddr_in) || call.length > sizeof address ||
        !move_memory(false, call.caller, call.address, &address, call.length)) {
        return answer(listener, call.id, EINVAL, 0);
    }
    const bool known =
        address.ss_family == AF_INET || (address.ss_family == AF_INET6 && call.length >= sizeof(sockaddr_in6));
    if (!known || !shared_->allows(place_of(address))) {
        if (known) {
            refuse_place("connecting to " + in_words(address), in_words(address));
        }
        return answer(listener, call.id, EACCES, 0);
    }
    UniqueFd socket(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, static_cast<int>(call.socket), 0)));
    if (!socket) {
        return answer(listener, call.id, errno, 0);
    }
    if (!still_waits(listener, call.id)) {
        return;
    }
    const auto length = static_cast<socklen_t>(call.length);
    const auto connect_now = [length](int descriptor, const sockaddr_storage& to) {
        return ::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), length) == 0 ? 0 : errno;
    };
    if ((::fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0) {
        return answer(listener, call.id, connect_now(socket.get(), address), 0);
    }
    if (++shared_->threads > kMostThreads) {
        --shared_->threads;
        return answer(listener, call.id, EAGAIN, 0);
    }
    UniqueFd own_listener(::fcntl(listener, F_DUPFD_CLOEXEC, 0));
    std::thread([shared = shared_, id = call.id, address, connect_now, socket = std::move(socket),
                 own_listener = std::move(own_listener)] {
        answer(own_listener.get(), id, connect_now(socket.get(), address), 0);
        --shared->threads;
    }).detach();
}

void NetBroker::resolve(const Call& call, int listener) {
    auto request = std::make_unique<ResolveRequest>();
    if (!move_memory(false, call.caller, call.address, request.get(), sizeof *request) ||
        request->family != kResolveFamily) {
        return answer(listener, call.id, EINVAL, 0);
    }
    request->host[sizeof request->host - 1] = '\0';
    std::vector<uint16_t> ports;
    for (const NetGrant& grant : grants_) {
        if (::strcasecmp(grant.host.c_str(), request->host) == 0) {
            ports.push_back(grant.port);
        }
    }
    if (ports.empty()) {
        refuse_place(std::string("reaching ") + in_print(request->host), in_print(request->host));
        return answer(listener, call.id, EACCES, 0);
    }
    if (++shared_->threads > kMostThreads) {
        --shared_->threads;
        return answer(listener, call.id, EAGAIN, 0);
    }
    UniqueFd own_listener(::fcntl(listener, F_DUPFD_CLOEXEC, 0));
    std::thread([shared = shared_, call, ports = std::move(ports), request = std::move(request),
                 own_listener = std::move(own_listener)] {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        uint32_t count = 0;
        if (::getaddrinfo(request->host, nullptr, &hints, &found) == 0) {
            for (const addrinfo* one = found; one != nullptr && count < kMostAddresses; one = one->ai_next) {
                sockaddr_storage address{};
                if (one->ai_addrlen > sizeof(sockaddr_in6)) {
                    continue;
                }
                std::memcpy(&address, one->ai_addr, one->ai_addrlen);
                for (const uint16_t port : ports) {
                    shared->allow(place_of(address).first, port);
                }
                std::memcpy(&request->addresses[count++], one->ai_addr, one->ai_addrlen);
            }
            ::freeaddrinfo(found);
        }
        // The caller's memory is written to only while the caller is there.
        if (still_waits(own_listener.get(), call.id) &&
            move_memory(true, call.caller, call.address, request.get(), sizeof *request)) {
            answer(own_listener.get(), call.id, 0, count);
        } else {
            answer(own_listener.get(), call.id, EFAULT, 0);
        }
        --shared->threads;
    }).detach();
}

}  // namespace kayton
