#include "worker/runtime/regex_machine.h"

#include <algorithm>
#include <cstring>

#include "worker/runtime/runtime.h"
#include "worker/runtime/unicode.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

constexpr bool is_ascii_word(char32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_word(char32_t c, bool ascii_only) {
    if (c < 128) return is_ascii_word(c);
    return !ascii_only && (is_alpha(c) || is_decimal(c) || is_digit(c) || is_numeric(c));
}

bool in_category(int64_t category, bool ascii_only, char32_t c) {
    bool found = false;
    switch (category >> 1) {
        case 0: found = (c >= '0' && c <= '9') || (c > 127 && !ascii_only && is_decimal(c)); break;
        case 1:
            found = c == ' ' || (c >= 9 && c <= 13);
            if (!found && !ascii_only) found = (c >= 28 && c <= 31) || (c > 127 && is_space(c));
            break;
        default: found = is_word(c, ascii_only);
    }
    return found != ((category & 1) != 0);
}

// Letters whose lower or upper case is one character, and the few that share another's; the character itself first.
int variants(char32_t c, bool ascii_only, char32_t out[6]) {
    int count = 0;
    out[count++] = c;
    if (ascii_only) {
        if (c >= 'A' && c <= 'Z') out[count++] = c + 32;
        if (c >= 'a' && c <= 'z') out[count++] = c - 32;
        return count;
    }
    char32_t mapped[3], twice[3];
    if (to_lower(c, mapped) == 1) out[count++] = mapped[0];
    if (to_upper(c, mapped) == 1) {
        out[count++] = mapped[0];
        if (to_lower(mapped[0], twice) == 1) out[count++] = twice[0];
    }
    if (c == 'k' || c == 'K') out[count++] = 0x212A;
    if (c == 's' || c == 'S') out[count++] = 0x17F;
    if (c == 0xE5 || c == 0xC5) out[count++] = 0x212B;
    return count;
}

// Items are triples: 0 low high, or 1 category ascii.
bool in_items(const int64_t* items, int64_t count, char32_t c) {
    for (int64_t i = 0; i < count; i += 3) {
        if (items[i] == 0 ? items[i + 1] <= int64_t{c} && int64_t{c} <= items[i + 2] : in_category(items[i + 1], items[i + 2] == 1, c))
            return true;
    }
    return false;
}

// Kinds of the stack's entries. What is tried again:
constexpr int64_t kRetry = 0;     // pc place
constexpr int64_t kGiveBack = 1;  // pc least place: a greedy run
constexpr int64_t kTakeMore = 2;  // pc place most: a lazy run; pc is the run's own
constexpr int64_t kTurnAgain = 6; // pc place: a lazy loop
// What is undone:
constexpr int64_t kMark = 3;       // n old
constexpr int64_t kLoop = 4;       // loop count last
constexpr int64_t kLastGroup = 5;  // old
constexpr size_t kEntry = 4;

constexpr bool is_undo(int64_t kind) {
    return kind >= kMark && kind <= kLastGroup;
}

}  // namespace

// 0 groups, 1 loops, 2 anchored, 3 filtered, 4 first_wide, 5..8 first, 9 number of sets, 10 where the code begins; then a
// set's five words each (bits, where its items begin), the items (negate, fold, how many, the triples), the code.
RegexProgram::RegexProgram(const int64_t* all)
    : groups(all[0]), loops(all[1]), anchored(all[2] != 0), filtered(all[3] != 0), first_wide(all[4] != 0), first(all + 5),
      code(all + all[10]), set_count(all[9]), sets(all + 11), words(all) {}

bool RegexProgram::in_set(int64_t set, char32_t c) const {
    const int64_t* one = sets + 5 * set;
    if (c < 128) return has_bit(one, c);
    const int64_t* items = words + one[4];
    bool found = in_items(items + 3, items[2], c);
    if (!found && items[1] != 0) {
        char32_t others[6];
        const int count = variants(c, items[1] == 2, others);
        for (int i = 1; i < count && !found; ++i) found = in_items(items + 3, items[2], others[i]);
    }
    return found != (items[0] == 1);
}

template <typename Char>
RegexMachine<Char>::RegexMachine(const RegexProgram& program, const Char* text, int64_t end)
    : program_(program), text_(text), end_(end), counts_(static_cast<size_t>(program.loops)),
      lasts_(static_cast<size_t>(program.loops), -1) {
    match_.marks.assign(2 * static_cast<size_t>(program.groups) + 2, -1);
}

template <typename Char>
void RegexMachine<Char>::push(int64_t kind, int64_t a, int64_t b, int64_t c) {
    stack_.insert(stack_.end(), {kind, a, b, c});
}

template <typename Char>
void RegexMachine<Char>::push_loop(int64_t loop) {
    push(kLoop, loop, counts_[static_cast<size_t>(loop)], lasts_[static_cast<size_t>(loop)]);
}

template <typename Char>
bool RegexMachine<Char>::is_boundary(int64_t at, bool ascii_only) const {
    const bool before = at > 0 && is_word(text_[at - 1], ascii_only);
    const bool after = at < end_ && is_word(text_[at], ascii_only);
    return before != after;
}

// The places of _re_parser.kay (AT_START and so on).
template <typename Char>
bool RegexMachine<Char>::at_place(int64_t place, int64_t at) const {
    switch (place) {
        case 0: return at == 0;
        case 1: return at == 0 || text_[at - 1] == '\n';
        case 2: return at == end_ || (at == end_ - 1 && text_[at] == '\n');
        case 3: return at == end_ || text_[at] == '\n';
        case 4: return at == end_;
        case 5: return is_boundary(at, false);
        case 6: return end_ > 0 && !is_boundary(at, false);
        case 7: return is_boundary(at, true);
        default: return end_ > 0 && !is_boundary(at, true);
    }
}

// The place behind the characters from `at` to `limit` that `op x` matches.
template <typename Char>
int64_t RegexMachine<Char>::run_of(int64_t op, int64_t x, int64_t at, int64_t limit) const {
    switch (op) {
        case 1:
            while (at < limit && text_[at] == static_cast<char32_t>(x)) ++at;
            return at;
        case 2:
            while (at < limit && text_[at] != '\n') ++at;
            return at;
        case 3: return std::max(at, limit);
        default:
            while (at < limit && program_.in_set(x, text_[at])) ++at;
            return at;
    }
}

template <typename Char>
bool RegexMachine<Char>::same_text(int64_t start, int64_t other, int64_t length, bool fold) const {
    for (int64_t i = 0; i < length; ++i) {
        const char32_t a = text_[start + i];
        const char32_t b = text_[other + i];
        if (a == b) continue;
        if (!fold) return false;
        char32_t others[6];
        const int count = variants(a, false, others);
        if (std::find(others, others + count, b) == others + count) return false;
    }
    return true;
}

template <typename Char>
void RegexMachine<Char>::undo_entry(const int64_t* entry) {
    switch (entry[0]) {
        case kMark: match_.marks[static_cast<size_t>(entry[1])] = entry[2]; break;
        case kLoop:
            counts_[static_cast<size_t>(entry[1])] = entry[2];
            lasts_[static_cast<size_t>(entry[1])] = entry[3];
            break;
        case kLastGroup: match_.last_group = entry[1]; break;
        default: break;
    }
}

// Drops what could be tried again above `base`, and keeps what must be undone when the whole is given up.
template <typename Char>
void RegexMachine<Char>::keep_undo(size_t base) {
    size_t kept = base;
    for (size_t at = base; at < stack_.size(); at += kEntry) {
        if (!is_undo(stack_[at])) continue;
        std::copy_n(stack_.begin() + static_cast<int64_t>(at), kEntry, stack_.begin() + static_cast<int64_t>(kept));
        kept += kEntry;
    }
    stack_.resize(kept);
}

template <typename Char>
void RegexMachine<Char>::undo(size_t base) {
    while (stack_.size() > base) {
        undo_entry(&stack_[stack_.size() - kEntry]);
        stack_.resize(stack_.size() - kEntry);
    }
}

// Op 14 (look around) or 15 (atomic): the body follows.
template <typename Char>
bool RegexMachine<Char>::look_around(int64_t& pc, int64_t& at) {
    const int64_t* code = program_.code;
    const size_t base = stack_.size();
    if (code[pc] == 15) {
        if (!run(pc + 2, at)) return false;
        keep_undo(base);
        at = match_.end;
        pc = code[pc + 1];
        return true;
    }
    const bool must_fail = code[pc + 1] != 0;
    const int64_t from_here = at - code[pc + 2];
    if (from_here >= 0 && run(pc + 4, from_here)) {
        if (must_fail) {
            undo(base);
            return false;
        }
        keep_undo(base);
        pc = code[pc + 3];
        return true;
    }
    if (interrupted_ || !must_fail) return false;
    pc = code[pc + 3];
    return true;
}

// Ops 18 and 19: r min max out.
template <typename Char>
bool RegexMachine<Char>::count_loop(int64_t& pc, int64_t at, bool greedy) {
    const int64_t* code = program_.code;
    const auto loop = static_cast<size_t>(code[pc + 1]);
    const int64_t count = counts_[loop];
    const bool again = count < code[pc + 2];
    const bool more = count < code[pc + 3] && lasts_[loop] != at;
    if (again || (greedy && more)) {
        if (!again) push(kRetry, code[pc + 4], at);
        push_loop(code[pc + 1]);
        counts_[loop] = count + 1;
        if (!again) lasts_[loop] = at;
        pc += 5;
    } else {
        if (more) push(kTurnAgain, pc, at);
        pc = code[pc + 4];
    }
    return true;
}

// Takes entries off the stack down to one that can be tried again.
template <typename Char>
bool RegexMachine<Char>::back_up(size_t base, int64_t& pc, int64_t& at) {
    const int64_t* code = program_.code;
    while (stack_.size() > base) {
        const size_t top = stack_.size() - kEntry;
        int64_t* entry = &stack_[top];
        switch (entry[0]) {
            case kRetry:
                pc = entry[1];
                at = entry[2];
                stack_.resize(top);
                return true;
            case kGiveBack: {
                pc = entry[1];
                const int64_t least = entry[2];
                at = entry[3] - 1;
                if (code[pc] == 1 || code[pc] == 22) {
                    const auto wanted = static_cast<char32_t>(code[pc] == 1 ? code[pc + 1] : code[pc + 2]);
                    while (at >= least && (at >= end_ || text_[at] != wanted)) --at;
                }
                if (at < least) break;
                if (at > least) {
                    entry[3] = at;
                } else {
                    stack_.resize(top);
                }
                return true;
            }
            case kTakeMore: {
                pc = entry[1];
                at = entry[2];
                const int64_t limit = entry[3];
                if (run_of(code[pc + 1], code[pc + 2], at, at + 1) == at) break;
                ++at;
                if (code[pc + 5] == 1 || code[pc + 5] == 22) {  // on to where the character that must follow stands
                    const auto wanted = static_cast<char32_t>(code[pc + 5] == 1 ? code[pc + 6] : code[pc + 7]);
                    while (at < limit && text_[at] != wanted && run_of(code[pc + 1], code[pc + 2], at, at + 1) != at) ++at;
                }
                pc += 5;
                if (at < limit) {
                    entry[2] = at;
                } else {
                    stack_.resize(top);
                }
                return true;
            }
            case kTurnAgain: {
                pc = entry[1];
                at = entry[2];
                stack_.resize(top);
                const auto loop = static_cast<size_t>(code[pc + 1]);
                push_loop(code[pc + 1]);
                ++counts_[loop];
                lasts_[loop] = at;
                pc += 5;
                return true;
            }
            default: undo_entry(entry);
        }
        stack_.resize(top);
    }
    return false;
}

// Whether the program matches from `at` on, starting with the instruction `pc`; then match_ has the end and the marks, and
// the stack above what it was holds what can still be tried. Without a match all marks are as before.
template <typename Char>
bool RegexMachine<Char>::run(int64_t pc, int64_t at) {
    const int64_t* code = program_.code;
    const size_t base = stack_.size();
    while (true) {
        bool ok = false;
        if ((++steps_ & 0xFFFF) == 0 && kt_interrupt_flag != 0 && check_interrupt() != KT_OK) {
            interrupted_ = true;
            return false;
        }
        switch (code[pc]) {
            case 0:
                if (at == must_advance_ || (whole_ && at != end_)) break;
                match_.end = at;
                return true;
            case 1:
                if (at >= end_ || text_[at] != static_cast<char32_t>(code[pc + 1])) break;
                ++at;
                pc += 2;
                ok = true;
                break;
            case 2:
                if (at >= end_ || text_[at] == '\n') break;
                ++at;
                ++pc;
                ok = true;
                break;
            case 3:
                if (at >= end_) break;
                ++at;
                ++pc;
                ok = true;
                break;
            case 4:
                if (at >= end_ || !program_.in_set(code[pc + 1], text_[at])) break;
                ++at;
                pc += 2;
                ok = true;
                break;
            case 5: {
                const int64_t first = code[pc + 1];
                if (code[first] == 1 && (at >= end_ || text_[at] != static_cast<char32_t>(code[first + 1]))) {
                    pc = code[pc + 2];
                } else {
                    push(kRetry, code[pc + 2], at);
                    pc = first;
                }
                ok = true;
                break;
            }
            case 6:
                pc = code[pc + 1];
                ok = true;
                break;
            case 7: {
                const int64_t n = code[pc + 1];
                push(kMark, n, match_.marks[static_cast<size_t>(n)]);
                match_.marks[static_cast<size_t>(n)] = at;
                if ((n & 1) != 0) {
                    push(kLastGroup, match_.last_group);
                    match_.last_group = n >> 1;
                }
                pc += 2;
                ok = true;
                break;
            }
            case 8:
                if (!at_place(code[pc + 1], at)) break;
                pc += 2;
                ok = true;
                break;
            case 9:
            case 10:
            case 11: {
                const int64_t most = code[pc + 4];
                const int64_t limit = most >= end_ - at ? end_ : at + most;
                const int64_t least = at + code[pc + 3];
                const bool lazy = code[pc] == 10;
                if (least > limit) break;
                const int64_t place = run_of(code[pc + 1], code[pc + 2], at, lazy ? least : limit);
                if (place < least) break;
                if (code[pc] == 9 && place > least) push(kGiveBack, pc + 5, least, place);
                if (lazy && least < limit) push(kTakeMore, pc, least, limit);
                at = place;
                pc += 5;
                ok = true;
                break;
            }
            case 13: {
                const int64_t start = match_.marks[static_cast<size_t>(2 * code[pc + 1])];
                const int64_t stop = match_.marks[static_cast<size_t>(2 * code[pc + 1] + 1)];
                if (start < 0 || stop < start || end_ - at < stop - start || !same_text(start, at, stop - start, code[pc + 2] != 0)) break;
                at += stop - start;
                pc += 3;
                ok = true;
                break;
            }
            case 14:
            case 15:
                ok = look_around(pc, at);
                if (interrupted_) return false;
                break;
            case 16: match_.end = at; return true;
            case 17: {
                const auto loop = static_cast<size_t>(code[pc + 1]);
                push_loop(code[pc + 1]);
                counts_[loop] = 0;
                lasts_[loop] = -1;
                pc += 2;
                ok = true;
                break;
            }
            case 18:
            case 19: ok = count_loop(pc, at, code[pc] == 18); break;
            case 20:
                pc = match_.marks[static_cast<size_t>(2 * code[pc + 1] + 1)] >= 0 ? pc + 3 : code[pc + 2];
                ok = true;
                break;
            case 22: {
                const int64_t length = code[pc + 1];
                if (end_ - at < length) break;
                int64_t i = 0;
                while (i < length && text_[at + i] == static_cast<char32_t>(code[pc + 2 + i])) ++i;
                if (i < length) break;
                at += length;
                pc += 2 + length;
                ok = true;
                break;
            }
            default: break;  // 21 fails
        }
        if (!ok && !back_up(base, pc, at)) return false;
    }
}

template <typename Char>
RegexResult RegexMachine<Char>::find(int64_t start, RegexMode mode, int64_t must_advance) {
    whole_ = mode == RegexMode::kFullMatch;
    must_advance_ = must_advance;
    for (int64_t at = start; at <= end_; ++at) {
        if (mode == RegexMode::kSearch && program_.filtered) {
            while (at < end_ && (text_[at] < 128 ? !RegexProgram::has_bit(program_.first, text_[at]) : !program_.first_wide)) ++at;
            if (at == end_) break;
        }
        stack_.clear();
        if (at != start) must_advance_ = -1;
        match_.last_group = -1;
        std::fill(match_.marks.begin(), match_.marks.end(), -1);
        if (run(0, at)) {
            match_.start = at;
            return RegexResult::kFound;
        }
        if (interrupted_) return RegexResult::kInterrupted;
        if (mode != RegexMode::kSearch || program_.anchored) break;
    }
    return RegexResult::kNone;
}

template class RegexMachine<uint8_t>;
template class RegexMachine<char32_t>;

}  // namespace kayton
