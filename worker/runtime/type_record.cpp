#include "worker/runtime/type_record.h"

#include <deque>
#include <unordered_set>

#include "worker/runtime/type_registry.h"

namespace kayton {

namespace {

// Goes from type to type as values of one may hold values of the next. What only a program knows (Dynamic, what
// closures capture, what generators keep) may hold anything.
class Reach {
  public:
    explicit Reach(const KtTypeInfo* origin) : origin_(origin) {}

    [[nodiscard]] bool comes_back() {
        const bool object = origin_->kind == KT_KIND_CLASS || origin_->kind == KT_KIND_EXCEPTION;
        if (origin_->kind == KT_KIND_ITERATOR || origin_->kind == KT_KIND_EXCEPTION) return true;
        if (object && record_of(origin_).finalize != nullptr) return true;  // the end of a program must find it
        return inside(origin_);
    }

  private:
    bool inside(const KtTypeInfo* type) {
        for (uint32_t i = 0; i < type->args_count; ++i)
            if (type->args[i] != nullptr && to(type->args[i])) return true;
        return false;
    }

    bool to(const KtTypeInfo* type) {
        if (type == origin_) return true;
        switch (type->kind) {
            case KT_KIND_DYNAMIC:
            case KT_KIND_FUNCTION:
            case KT_KIND_ITERATOR:
            case KT_KIND_EXCEPTION: return true;
            case KT_KIND_LIST:
            case KT_KIND_DICT:
            case KT_KIND_SET:
            case KT_KIND_TUPLE:
            case KT_KIND_UNION:
            case KT_KIND_OPTIONAL: return seen_.insert(type).second && inside(type);
            case KT_KIND_CLASS: {
                if (!seen_.insert(type).second) return false;
                if (inside(type)) return true;
                for (const KtTypeInfo* subclass : subclasses_of(type))
                    if (to(subclass)) return true;
                return false;
            }
            default: return false;
        }
    }

    const KtTypeInfo* origin_;
    std::unordered_set<const KtTypeInfo*> seen_;
};

}  // namespace

void add_places(const KtTypeInfo* type, uint32_t offset, std::vector<TracePlace>& places) {
    if (type->has_refs == 0 && type->kind != KT_KIND_UNION) return;
    switch (type->kind) {
        case KT_KIND_TUPLE:
            for (uint32_t i = 0; i < type->args_count; ++i)
                add_places(type->args[i], offset + type->offsets[i], places);
            break;
        case KT_KIND_OPTIONAL: add_places(type->args[0], offset, places); break;
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: places.push_back({offset, true}); break;
        case KT_KIND_STR:
        case KT_KIND_BYTES:
        case KT_KIND_HANDLE:
        case KT_KIND_FILE: break;
        default:
            if (is_pointer_kind(type->kind)) places.push_back({offset, false});
            break;
    }
}

bool decide_cyclic(const KtTypeInfo* info) {
    const TypeRecord& record = record_of(info);
    record.cyclic = Reach(info).comes_back() ? Cyclic::kYes : Cyclic::kNo;
    return record.cyclic == Cyclic::kYes;
}

const TracePlaces& find_places(const KtTypeInfo* info) {
    static std::deque<TracePlaces> all;
    TracePlaces& found = all.emplace_back();
    switch (info->kind) {
        case KT_KIND_CLASS:
        case KT_KIND_EXCEPTION:
            for (uint32_t i = 0; i < info->args_count; ++i) add_places(info->args[i], info->offsets[i], found.places);
            break;
        case KT_KIND_TUPLE: add_places(info, 0, found.places); break;
        case KT_KIND_DICT: add_places(info->args[1], 0, found.values); [[fallthrough]];
        case KT_KIND_LIST:
        case KT_KIND_SET:
        case kKindCell: add_places(info->args[0], 0, found.places); break;
        default: break;
    }
    record_of(info).traced = &found;
    return found;
}

}  // namespace kayton
