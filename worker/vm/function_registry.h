// FunctionRegistry: the functions that plugins registered, by their stable name ("regex.Regex.new"), each with the id
// of its signature. Names are copied; the functions live as long as their plugin, that is, as long as the process. Used
// by the VM's one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kayton {

class FunctionRegistry {
  public:
    struct Entry {
        const void* function = nullptr;
        uint64_t signature_id = 0;
    };

    // False when the name already belongs to another function or signature; registering the same again is fine.
    [[nodiscard]] bool add(std::string_view name, const void* function, uint64_t signature_id);
    // NULL when there is none.
    [[nodiscard]] const Entry* find(std::string_view name) const;
    // NULL when there is none of that name and signature.
    [[nodiscard]] const void* find(uint64_t signature_id, std::string_view name) const;
    [[nodiscard]] size_t size() const { return functions_.size(); }

  private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, Entry, Hash, std::equal_to<>> functions_;
};

}  // namespace kayton
