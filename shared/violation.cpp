#include "shared/violation.h"

namespace kayton {

std::string_view describe(Violation violation) {
    switch (violation) {
        case Violation::kIndexBeyondCapacity: return "a ring index beyond the ring's capacity";
        case Violation::kIndexRegressed: return "a ring index that went backwards";
        case Violation::kMessageTooLong: return "a message over the length limit";
        case Violation::kFrameTruncated: return "a message longer than what was published";
        case Violation::kMalformed: return "a malformed message";
        case Violation::kTooDeep: return "a message nested too deeply";
        case Violation::kOverBudget: return "a message that decodes to too much memory";
        case Violation::kTrailingBytes: return "bytes after the end of a message";
        case Violation::kInvalidUtf8: return "text that is not UTF-8";
        case Violation::kUnknownType: return "a message of an unknown type";
        case Violation::kUnexpectedMessage: return "a message that was not expected";
        case Violation::kWrongId: return "a message with a wrong or used id";
        case Violation::kWrongVersion: return "another protocol version";
        case Violation::kImpossibleAddress: return "an impossible address";
        case Violation::kDoorbellClosed: return "a closed doorbell";
    }
    return "an unknown violation";
}

}  // namespace kayton
