// Every type at run time has one KtTypeInfo, made here from its signature in Kayton's type syntax and compared by
// address. Classes, exception classes and crates' handle types are registered by name first.
// Infos live as long as the process. Used by the VM's one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shared/kayton_api.h"
#include "shared/object_layout.h"

namespace kayton {

// NULL when the signature is not well formed or names an unknown type.
[[nodiscard]] const KtTypeInfo* intern_type(std::string_view signature);

[[nodiscard]] const KtTypeInfo* list_of(const KtTypeInfo* element);
[[nodiscard]] const KtTypeInfo* tuple_of(const KtTypeInfo* const* members, uint32_t count);
[[nodiscard]] const KtTypeInfo* dict_of(const KtTypeInfo* key, const KtTypeInfo* value);
[[nodiscard]] const KtTypeInfo* set_of(const KtTypeInfo* element);
[[nodiscard]] const KtTypeInfo* cell_of(const KtTypeInfo* value);

[[nodiscard]] const KtTypeInfo* type_list_str();
[[nodiscard]] const KtTypeInfo* type_list_int();
[[nodiscard]] const KtTypeInfo* type_list_dynamic();
[[nodiscard]] const KtTypeInfo* type_dict_str_dynamic();
[[nodiscard]] const KtTypeInfo* type_str_triple();  // tuple[str, str, str]
extern const KtTypeInfo kTypeFunction, kTypeTextFile, kTypeBinaryFile, kTypeRange, kTypeSlice, kTypeType;

// Registers the classes that a module defines and fills their slots; a later class of the same name takes its place.
// Bases come before their subclasses; fields may name any of the classes. Inherited fields may be listed or left out.
// KT_ERROR with an exception pending when a base or a field's type is unknown.
[[nodiscard]] int32_t define_classes(const KtClassNeed* needs, int64_t count);
// Registers a crate's type; NULL when the name is taken by another registration.
[[nodiscard]] const KtTypeInfo* register_handle_type(std::string_view name, const KtTypeOps* ops);
// Registers an exception class without fields.
[[nodiscard]] const KtTypeInfo* register_exception(std::string_view name, const KtTypeInfo* base, const KtTypeOps* ops);
// Has a class been defined with a __del__?
[[nodiscard]] bool finalizers_defined();
// Those that the program has defined of a class so far, direct ones.
[[nodiscard]] const std::vector<const KtTypeInfo*>& subclasses_of(const KtTypeInfo* type);
// Fills the slots of a module's types; KT_ERROR with an exception pending when one is unknown.
[[nodiscard]] int32_t fill_types(const KtTypeNeed* needs, int64_t count);

// Of a list, dict or set: "list", "tuple", "deque", "dict", "defaultdict" …
[[nodiscard]] std::string_view flavour_of(const KtTypeInfo* type);
// "list", "dict", "Foo": type(x).__name__ without arguments.
[[nodiscard]] std::string_view short_name(const KtTypeInfo* type);
// The type of the value itself: members of unions and optionals are looked through.
[[nodiscard]] const KtTypeInfo* dynamic_type(const KtTypeInfo* type, const void* value);

}  // namespace kayton
