// Walks the references that an object holds to others which may hold some themselves: each one that a reference count
// speaks of, once; not to texts and the like. Whether the other lies in the slabs is for the visitor to ask.
// Used by the VM's one thread.
#pragma once

#include <type_traits>

#include "shared/object_layout.h"
#include "worker/runtime/iterators.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/slabs.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_record.h"

namespace kayton {

template <typename Visit>
void trace_pointer(void* object, Visit& visit) {
    if (object != nullptr) visit(static_cast<KtObject*>(object));
}

template <typename Visit>
void trace_value(const KtValue& value, Visit& visit) {
    if (value.type == nullptr) return;
    constexpr uint32_t kWithReferences = (kRecordKinds & ~(1u << kKindCell)) | 1u << KT_KIND_FUNCTION;
    if ((kWithReferences >> value.type->kind & 1u) != 0) trace_pointer(reinterpret_cast<void*>(value.payload), visit);
}

template <typename Visit>
void trace_places(const std::vector<TracePlace>& places, const void* start, Visit& visit) {
    for (const TracePlace& place : places) {
        const char* at = static_cast<const char*>(start) + place.offset;
        if (place.is_value)
            trace_value(*reinterpret_cast<const KtValue*>(at), visit);
        else
            trace_pointer(*reinterpret_cast<void* const*>(at), visit);
    }
}

template <typename Visit>
void trace_table(const KtDict* table, Visit& visit) {
    const TracePlaces& traced = places_of(table->base.type);
    if (traced.places.empty() && traced.values.empty()) return;
    char* entry = table->entries;
    for (int64_t i = 0; i < table->filled; ++i, entry += table->entry_size) {
        if (*reinterpret_cast<const uint64_t*>(entry) == 0) continue;
        trace_places(traced.places, entry + kKeyOffset, visit);
        trace_places(traced.values, entry + table->value_offset, visit);
    }
}

template <typename Visit>
void trace_object(KtObject* object, Visit& visit) {
    const KtTypeInfo* type = object->type;
    switch (type->kind) {
        case KT_KIND_EXCEPTION: {
            const auto* exception = reinterpret_cast<const KtException*>(object);
            trace_pointer(exception->args, visit);
            trace_pointer(exception->cause, visit);
            trace_pointer(exception->context, visit);
            trace_places(places_of(type).places, object, visit);
            break;
        }
        case KT_KIND_CLASS: trace_places(places_of(type).places, object, visit); break;
        case KT_KIND_LIST: {
            const auto* list = reinterpret_cast<const KtList*>(object);
            const auto& places = places_of(type).places;
            if (places.empty()) break;
            const char* at = static_cast<const char*>(list->data);
            for (int64_t i = 0; i < list->length; ++i, at += type->args[0]->size) trace_places(places, at, visit);
            break;
        }
        case KT_KIND_DICT:
        case KT_KIND_SET: trace_table(reinterpret_cast<const KtDict*>(object), visit); break;
        case KT_KIND_TUPLE:
            trace_places(places_of(type).places, reinterpret_cast<const KtBox*>(object)->data, visit);
            break;
        case kKindCell:
            trace_places(places_of(type).places, reinterpret_cast<const KtCell*>(object)->value, visit);
            break;
        case KT_KIND_FUNCTION: {  // captured cells fill the slot behind the closure; the rest of it is zero
            if (!slabs::cyclic.contains(object)) break;  // it captures nothing
            auto* at = reinterpret_cast<void**>(reinterpret_cast<KtClosure*>(object) + 1);
            auto* end = reinterpret_cast<void**>(reinterpret_cast<char*>(object) + slabs::size_of(object));
            for (; at < end; ++at) trace_pointer(*at, visit);
            break;
        }
        case KT_KIND_ITERATOR: {
            auto* generator = reinterpret_cast<KtGenerator*>(object);
            trace_generator(generator, [](void* context, void* held) {
                trace_pointer(held, *static_cast<Visit*>(context));
            }, &visit);
            break;
        }
        default: break;
    }
}

}  // namespace kayton
