// The codes of shared/runtime.def against C++ function types, at compile time.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "shared/kayton_api.h"

namespace kayton {

// Whether a parameter of type T is what the code says.
template <typename T>
constexpr bool parameter_fits(char code) {
    switch (code) {
        case 'i': return std::is_same_v<T, int64_t>;
        case 'f': return std::is_same_v<T, double>;
        case 'b': return std::is_same_v<T, uint8_t>;
        case 'x': return std::is_same_v<T, int32_t>;
        case 't': return std::is_same_v<T, const KtTypeInfo*>;
        case '*': return std::is_same_v<T, const void*>;
        case 'p': return std::is_pointer_v<T>;
        default: return false;
    }
}

template <typename T>
constexpr bool result_fits(char code) {
    switch (code) {
        case 'v': return std::is_void_v<T>;
        case 'p': return std::is_pointer_v<T>;
        default: return parameter_fits<T>(code);
    }
}

// The last parameter of a function whose result code follows a '!'.
template <typename T>
constexpr bool out_fits(char code) {
    if (code == '*') return std::is_same_v<T, void*>;
    if constexpr (std::is_pointer_v<T>) return parameter_fits<std::remove_pointer_t<T>>(code);
    return false;
}

template <typename R, typename... Args>
constexpr bool signature_fits(R (*)(Args...), std::string_view codes) {
    const size_t colon = codes.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view parameters = codes.substr(0, colon);
    const std::string_view result = codes.substr(colon + 1);
    const bool status = result.size() == 2 && result[0] == '!';
    const char code = result.back();
    const bool has_out = status && code != 'v';
    if (sizeof...(Args) != parameters.size() + (has_out ? 1 : 0)) return false;
    if (status ? !std::is_same_v<R, int32_t> : !result_fits<R>(code)) return false;
    size_t index = 0;
    bool fits = true;
    ((fits = fits && (index < parameters.size() ? parameter_fits<Args>(parameters[index]) : out_fits<Args>(code)),
      ++index),
     ...);
    return fits;
}

}  // namespace kayton
