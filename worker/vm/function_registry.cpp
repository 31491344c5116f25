#include "worker/vm/function_registry.h"

namespace kayton {

bool FunctionRegistry::add(std::string_view name, const void* function, uint64_t signature_id) {
    if (const Entry* known = find(name); known != nullptr) {
        return known->function == function && known->signature_id == signature_id;
    }
    functions_.emplace(std::string(name), Entry{function, signature_id});
    return true;
}

const FunctionRegistry::Entry* FunctionRegistry::find(std::string_view name) const {
    const auto found = functions_.find(name);
    return found == functions_.end() ? nullptr : &found->second;
}

const void* FunctionRegistry::find(uint64_t signature_id, std::string_view name) const {
    const Entry* entry = find(name);
    return entry != nullptr && entry->signature_id == signature_id ? entry->function : nullptr;
}

}  // namespace kayton
