// Violation: the ways in which a worker can break the channel's rules. Each is the reason code with which the worker is
// then killed; nothing is repaired. Plain values, safe in any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace kayton {

enum class Violation : uint8_t {
    kIndexBeyondCapacity,  // an index says more bytes are in the ring than it holds
    kIndexRegressed,       // an index went backwards
    kMessageTooLong,       // a frame's length is over the limit
    kFrameTruncated,       // a frame is longer than what was published
    kMalformed,            // not msgpack, or not the members that the message has
    kTooDeep,              // nested deeper than the limit
    kOverBudget,           // would take more memory decoded than the limit
    kTrailingBytes,        // bytes after the message
    kInvalidUtf8,          // text that is not UTF-8
    kUnknownType,          // a frame type that the protocol does not have
    kUnexpectedMessage,    // a message that has no place now: no run, no request, before the hello
    kWrongId,              // the id is not that of the run or request that is open, or has been used
    kWrongVersion,         // another protocol version
    kImpossibleAddress,    // addresses that cannot be where code or data lies
    kDoorbellClosed,       // the worker lives on but closed its doorbell
};

[[nodiscard]] std::string_view describe(Violation violation);

}  // namespace kayton
