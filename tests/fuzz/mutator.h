// Breaks programs at random: in bytes, in tokens and in subtrees (exchanged, doubled, taken out, within a program and
// between programs). The same seed and round always make the same program.
// One thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/tree_nodes.h"

namespace kayton::fuzz {

struct Seed {
    std::string text;
    std::vector<Node> nodes;
};

class Mutator {
  public:
    // Seeds: every .kay under `folder` cut into its statements, each with the ones before that it needs, so that a seed is
    // small and quick; and short ones of its own that hold the rarest syntax. Those that import are left out when `imports`
    // is false: checking a shipped module takes longer than a thousand small programs.
    Mutator(const std::filesystem::path& folder, bool imports);

    [[nodiscard]] std::string program(uint64_t seed, uint64_t round);
    [[nodiscard]] size_t seed_count() const { return seeds_.size(); }

  private:
    static constexpr size_t kClasses = 5;
    struct Place {
        uint32_t seed;
        uint32_t node;
    };

    void add(std::string text);
    void add_slices(const std::string& text);
    [[nodiscard]] size_t below(size_t limit) { return limit == 0 ? 0 : static_cast<size_t>(random_() % limit); }
    [[nodiscard]] std::string_view piece(size_t node_class);
    void mutate_text(std::string& text);
    // Several subtrees of one seed at once, all by the places in its own text.
    [[nodiscard]] std::string mutate_trees(const Seed& seed, size_t count);

    std::vector<Seed> seeds_;
    std::array<std::vector<Place>, kClasses> places_;
    std::mt19937_64 random_;
};

}  // namespace kayton::fuzz
