// What the runtime's tests share: values made by hand or from cases, and what is pending.
#pragma once

#include <string>
#include <string_view>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/list.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/str.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

namespace kayton::testing {

// "ValueError: text" of the pending exception, which is cleared; "" when none is.
inline std::string taken() {
    const Ref<KtException> exception(kt_exception_take());
    if (!exception) return "";
    return std::string(short_name(exception->base.type)) + ": " + exception_text(exception.get());
}

// A string that the test need not release.
class Text {
  public:
    explicit Text(std::string_view text) : text_(str_new(text)) {}
    operator KtStr*() const { return text_.get(); }  // NOLINT: stands for the pointer
    KtStr* const* at() const {
        pointer_ = text_.get();
        return &pointer_;
    }

  private:
    Ref<KtStr> text_;
    mutable KtStr* pointer_ = nullptr;
};

// The text of a string the caller owns, which is released.
inline std::string taken(KtStr* owned) {
    const Ref<KtStr> text(owned);
    return std::string(view(text.get()));
}

// repr of a value of the type.
inline std::string shown(const KtTypeInfo* type, const void* value) {
    KtStr* text = nullptr;
    if (kt_repr(type, value, &text) != KT_OK) return taken();
    return taken(text);
}

inline std::string shown(KtList* list) {
    return shown(list->base.type, &list);
}
inline std::string shown(KtDict* dict) {
    return shown(dict->base.type, &dict);
}

inline KtList* ints(std::initializer_list<int64_t> values) {
    KtList* list = kt_list_new(type_list_int(), 0);
    for (const int64_t value : values) kt_list_append(list, &value);
    return list;
}

inline KtList* strs(std::initializer_list<std::string_view> values) {
    KtList* list = kt_list_new(type_list_str(), 0);
    for (const auto value : values) list_push_owned(list, str_new(value));
    return list;
}

}  // namespace kayton::testing
