#include <cstdint>
#include <string_view>

#include "shared/manifest.h"

namespace kayton {

uint64_t signature_id(std::string_view signature) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (unsigned char byte : signature) {
        hash ^= byte;
        hash *= 0x100000001b3u;
    }
    return hash;
}

}  // namespace kayton
