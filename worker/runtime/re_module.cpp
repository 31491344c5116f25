// What the module re asks of the runtime: matches of a program in a text, as numbers.
#include <algorithm>
#include <string>
#include <vector>

#include "worker/runtime/list.h"
#include "worker/runtime/regex_machine.h"
#include "worker/runtime/str.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"

namespace kayton {

namespace {

// The code points of the last text that was not ASCII: a scanner asks for the same text at each of its places.
const std::vector<char32_t>& code_points(const KtStr* text) {
    static std::string last;
    static std::vector<char32_t> points;
    if (last != view(text)) {
        last = view(text);
        points.clear();
        for (const char* at = text->data; at < text->data + text->byte_len;) points.push_back(decode_next(at));
    }
    return points;
}

void add_match(KtList* list, const RegexMatch& match) {
    auto add = [&](int64_t number) { kt_list_append(list, &number); };
    add(match.start);
    add(match.end);
    for (size_t i = 2; i < match.marks.size(); ++i) add(match.marks[i]);
    add(match.last_group);
}

template <typename Char>
int32_t find_one(const RegexProgram& program, const Char* text, int64_t start, int64_t end, RegexMode mode, KtList* list) {
    RegexMachine<Char> machine(program, text, end);
    const RegexResult result = machine.find(start, mode, -1);
    if (result == RegexResult::kInterrupted) return KT_ERROR;
    if (result == RegexResult::kFound) add_match(list, machine.match());
    return KT_OK;
}

// All matches that do not overlap, at most `limit` of them when it is not 0.
template <typename Char>
int32_t find_all(const RegexProgram& program, const Char* text, int64_t start, int64_t end, int64_t limit, KtList* list) {
    RegexMachine<Char> machine(program, text, end);
    int64_t at = start, must_advance = -1, found = 0;
    while (at <= end) {
        const RegexResult result = machine.find(at, RegexMode::kSearch, must_advance);
        if (result == RegexResult::kInterrupted) return KT_ERROR;
        if (result == RegexResult::kNone) break;
        const RegexMatch& match = machine.match();
        add_match(list, match);
        if (++found == limit) break;
        // Behind an empty match, the next one may begin at the same place but must not be empty.
        must_advance = match.start == match.end ? match.end : -1;
        at = match.end;
    }
    return KT_OK;
}

template <typename Work>
int32_t with_text(KtList* words, KtStr* text, KtList** out, Work work) {
    Ref<KtList> list(kt_list_new(type_list_int(), 8));
    const RegexProgram program(static_cast<const int64_t*>(words->data));
    const int32_t status = is_ascii(text) ? work(program, reinterpret_cast<const uint8_t*>(text->data), list.get())
                                          : work(program, code_points(text).data(), list.get());
    if (status == KT_OK) *out = list.take();
    return status;
}

}  // namespace

extern "C" {

int32_t kt_re_match(KtList* words, KtStr* text, int64_t start, int64_t end, int64_t mode, KtList** out) {
    return with_text(words, text, out, [&](const RegexProgram& program, const auto* chars, KtList* list) {
        return find_one(program, chars, start, end, static_cast<RegexMode>(mode), list);
    });
}

int32_t kt_re_all(KtList* words, KtStr* text, int64_t start, int64_t end, int64_t limit, KtList** out) {
    return with_text(words, text, out, [&](const RegexProgram& program, const auto* chars, KtList* list) {
        return find_all(program, chars, start, end, limit, list);
    });
}

}  // extern "C"

}  // namespace kayton
