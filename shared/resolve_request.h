// ResolveRequest: how a worker that may reach named hosts only asks for their addresses. It has no socket to ask by, so
// it makes the system call connect(-1, &request, sizeof request), which its filter leaves to the supervisor: that reads
// the request out of the worker's memory, writes the answer into it, and gives the number of addresses as the result.
// Plain data.
#pragma once

#include <netinet/in.h>

#include <cstdint>

namespace kayton {

constexpr uint16_t kResolveFamily = 0x4b59;  // where a sockaddr has its family; no protocol has it
constexpr uint32_t kMostAddresses = 16;

struct ResolveRequest {
    uint16_t family = kResolveFamily;
    char host[254] = {};                        // NUL-terminated
    sockaddr_in6 addresses[kMostAddresses] = {};  // the answer: sin6_family says whether it is one, or a sockaddr_in
};

}  // namespace kayton
