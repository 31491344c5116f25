// Runs a regular expression's program against a text by backtracking, with a stack of its own: no pattern recurses but
// for look-arounds and atomic groups, one level for each in the pattern. The program is what _re_program.kay makes of a
// pattern, as a list of numbers; its codes are described there.
// Used by the VM's one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kayton {

// Places are indices of characters; a group's are -1 while it took no part.
struct RegexMatch {
    int64_t start = 0;
    int64_t end = 0;
    int64_t last_group = -1;
    std::vector<int64_t> marks;  // two for each group, group 0 first; [0] and [1] are not filled
};

// The parts of a program; the header's layout is in regex_machine.cpp.
struct RegexProgram {
    explicit RegexProgram(const int64_t* words);
    int64_t groups, loops;
    bool anchored, filtered, first_wide;
    const int64_t* first;  // of the ASCII characters that a match can begin with: four words of 32 bits
    const int64_t* code;
    int64_t set_count;
    const int64_t* sets;   // for each: four words of 32 bits, and where its items begin; then the items
    const int64_t* words;

    [[nodiscard]] static bool has_bit(const int64_t* bits, uint32_t c) { return (bits[c >> 5] >> (c & 31) & 1) != 0; }
    [[nodiscard]] bool in_set(int64_t set, char32_t c) const;
};

enum class RegexMode { kSearch = 0, kMatch = 1, kFullMatch = 2 };
enum class RegexResult { kNone, kFound, kInterrupted };

// `must_advance`: a match that ends there, where it began, is refused (-1: none).
template <typename Char>
class RegexMachine {
  public:
    RegexMachine(const RegexProgram& program, const Char* text, int64_t end);
    [[nodiscard]] RegexResult find(int64_t start, RegexMode mode, int64_t must_advance);
    [[nodiscard]] const RegexMatch& match() const { return match_; }

  private:
    bool run(int64_t pc, int64_t at);
    bool look_around(int64_t& pc, int64_t& at);
    bool count_loop(int64_t& pc, int64_t at, bool greedy);
    bool back_up(size_t base, int64_t& pc, int64_t& at);
    bool at_place(int64_t place, int64_t at) const;
    bool is_boundary(int64_t at, bool ascii_only) const;
    int64_t run_of(int64_t op, int64_t x, int64_t at, int64_t limit) const;
    bool same_text(int64_t start, int64_t other, int64_t length, bool fold) const;
    void push(int64_t kind, int64_t a, int64_t b = 0, int64_t c = 0);
    void push_loop(int64_t loop);
    void undo_entry(const int64_t* entry);
    void keep_undo(size_t base);
    void undo(size_t base);

    const RegexProgram& program_;
    const Char* text_;
    int64_t end_;
    std::vector<int64_t> stack_;
    std::vector<int64_t> counts_, lasts_;
    RegexMatch match_;
    int64_t must_advance_ = -1;
    bool whole_ = false;
    bool interrupted_ = false;
    uint32_t steps_ = 0;
};

extern template class RegexMachine<uint8_t>;
extern template class RegexMachine<char32_t>;

}  // namespace kayton
