// getaddrinfo() for everything in this process where it may reach named hosts only: there are no sockets to ask a name
// server by, so the supervisor is asked (shared/resolve_request.h). The program exports it, so the dynamic linker binds
// every library's calls here; without such a grant it is the C library's.
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "shared/resolve_request.h"
#include "worker/sandbox/sandbox.h"
#include "worker/vm/refusals.h"

namespace kayton {
namespace {

std::atomic<bool> asks_supervisor{false};

using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

int real_lookup(const char* host, const char* service, const addrinfo* hints, addrinfo** result) {
    static const auto real = reinterpret_cast<Lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, result);
}

// One block, as the C library's freeaddrinfo() expects it.
addrinfo* make_entry(const sockaddr_in6& address, int kind, uint16_t port) {
    const size_t length = address.sin6_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    auto* entry = static_cast<addrinfo*>(std::calloc(1, sizeof(addrinfo) + sizeof(sockaddr_in6)));
    if (entry == nullptr) {
        return nullptr;
    }
    entry->ai_family = address.sin6_family;
    entry->ai_socktype = kind;
    entry->ai_protocol = IPPROTO_TCP;
    entry->ai_addrlen = static_cast<socklen_t>(length);
    entry->ai_addr = reinterpret_cast<sockaddr*>(entry + 1);
    std::memcpy(entry->ai_addr, &address, length);
    reinterpret_cast<sockaddr_in*>(entry->ai_addr)->sin_port = htons(port);  // at the same place in both
    return entry;
}

int lookup(const char* host, const char* service, const addrinfo* hints, addrinfo** result) {
    addrinfo numeric{};
    if (hints != nullptr) {
        numeric = *hints;
    }
    numeric.ai_flags |= AI_NUMERICHOST;
    if (host == nullptr || real_lookup(host, service, &numeric, result) == 0) {
        return host == nullptr ? real_lookup(host, service, hints, result) : 0;
    }
    const int family = hints != nullptr ? hints->ai_family : AF_UNSPEC;
    char* end = nullptr;
    const unsigned long port = service != nullptr ? std::strtoul(service, &end, 10) : 0;
    if (port > 65535 || (end != nullptr && *end != '\0')) {
        return EAI_SERVICE;
    }
    ResolveRequest request;
    if (std::strlen(host) >= sizeof request.host) {
        return EAI_NONAME;
    }
    std::strcpy(request.host, host);
    const long count = ::syscall(SYS_connect, -1, &request, sizeof request);
    if (count < 0) {
        const int error = errno;
        forget_refused();
        errno = error;
        return errno == EAGAIN ? EAI_AGAIN : EAI_SYSTEM;
    }
    addrinfo** next = result;
    *result = nullptr;
    for (long at = 0; at < count && at < long{kMostAddresses}; ++at) {
        const sockaddr_in6& address = request.addresses[at];
        if (family != AF_UNSPEC && family != address.sin6_family) {
            continue;
        }
        *next = make_entry(address, SOCK_STREAM, static_cast<uint16_t>(port));
        if (*next == nullptr) {
            return EAI_MEMORY;
        }
        next = &(*next)->ai_next;
    }
    return *result != nullptr ? 0 : EAI_NONAME;
}

}  // namespace

void ask_supervisor_for_names() {
    asks_supervisor.store(true);
}

}  // namespace kayton

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* host, const char* service,
                                                                  const addrinfo* hints, addrinfo** result) {
    return kayton::asks_supervisor.load() ? kayton::lookup(host, service, hints, result)
                                          : kayton::real_lookup(host, service, hints, result);
}
