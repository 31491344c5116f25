// The ring and its doorbell, exhaustively over bounded histories (docs/channel.md). Two ways: every sequence of a few
// operations of the real ring, beside a queue that says what must come; and a model of both ends, step by step as the
// code makes them, explored over every interleaving of the steps and of the two processors' store buffers.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "shared/ring.h"

namespace kayton {
namespace {

// --- every history of the real ring

class Histories {
  public:
    explicit Histories(int longest) { go(longest); }
    size_t seen = 0;

  private:
    static constexpr size_t kCapacity = 64;
    static constexpr std::array<size_t, 4> kLengths{0, 5, 8, 24};

    void write(size_t length) {
        const std::string text(length, static_cast<char>('a' + written_++ % 26));
        const size_t size = 8 + ((length + 7) & ~size_t{7});
        const bool room = size <= kCapacity - held_;
        const auto done = writer_.try_write(9, as_bytes(text));
        ASSERT_TRUE(done.has_value());
        ASSERT_EQ(*done, room);
        if (room) {
            queue_.push_back(text);
            held_ += size;
        }
    }
    void read() {
        FrameHeader header;
        Bytes payload;
        const auto done = reader_.try_read(header, payload);
        ASSERT_TRUE(done.has_value());
        ASSERT_EQ(*done, !queue_.empty());
        if (*done) {
            ASSERT_EQ(header.type, 9U);
            ASSERT_EQ(as_text(payload), queue_.front());
            held_ -= 8 + ((payload.size() + 7) & ~size_t{7});
            queue_.pop_front();
        }
    }
    void go(int left) {
        ++seen;
        if (left == 0 || testing::Test::HasFatalFailure()) {
            return;
        }
        for (size_t operation = 0; operation <= kLengths.size(); ++operation) {
            const auto data = data_;
            const auto queue = queue_;
            const auto numbers = std::tuple(lines_.head.load(), lines_.tail.load(), writer_, reader_, held_, written_);
            operation < kLengths.size() ? write(kLengths[operation]) : read();
            go(left - 1);
            data_ = data;
            queue_ = queue;
            lines_.head = std::get<0>(numbers);
            lines_.tail = std::get<1>(numbers);
            std::tie(writer_, reader_, held_, written_) =
                std::tuple(std::get<2>(numbers), std::get<3>(numbers), std::get<4>(numbers), std::get<5>(numbers));
        }
    }

    RingLines lines_{};
    std::array<std::byte, kCapacity> data_{};
    RingWriter writer_{&lines_, data_.data(), kCapacity};
    RingReader reader_{&lines_, data_.data(), kCapacity};
    std::deque<std::string> queue_;
    size_t held_ = 0;
    int written_ = 0;
};

TEST(RingInterleavings, EveryHistoryOfOperationsIsThatOfAQueue) {
    EXPECT_EQ(Histories(8).seen, 488'281U);  // (5⁹ − 1) / 4
}

// --- every interleaving of the steps

constexpr int kSlots = 2;   // frames that the ring holds
constexpr int kFrames = 6;  // frames that are sent

enum Word { kHead, kTail, kConsumerWaits, kProducerWaits, kFirstSlot, kWords = kFirstSlot + kSlots };
using Memory = std::array<signed char, kWords>;

// One end: where it is in its code, what it holds, and what it has stored that the other does not see yet.
struct End {
    signed char step = 0;
    signed char own = 0;   // its own index
    signed char seen = 0;  // what it last loaded
    bool again = false;    // the look after the flag was set
    std::vector<std::pair<signed char, signed char>> buffer;
    auto operator<=>(const End&) const = default;
};
struct State {
    Memory memory{};
    End producer;
    End consumer;
    bool bell_for_producer = false;  // a ring that has not been taken: one is as good as many
    bool bell_for_consumer = false;
    auto operator<=>(const State&) const = default;
};

// What a fault in the code would be; the model must see each.
enum class Mistake { kNone, kNoFenceAfterFlag, kNoFenceAfterPublishing, kPublishBeforeCopy, kNoSecondLook };

class Model {
  public:
    explicit Model(Mistake mistake) : mistake_(mistake) {}

    // What goes wrong in some interleaving; empty: nothing.
    std::string explore() {
        std::vector<State> open{State()};
        std::set<State> known{State()};
        while (!open.empty()) {
            const State state = open.back();
            open.pop_back();
            next_.clear();
            step_of_producer(state);
            step_of_consumer(state);
            flush(state, &State::producer);
            flush(state, &State::consumer);
            if (!wrong_.empty()) {
                return wrong_;
            }
            if (next_.empty() && (state.producer.own != kFrames || state.consumer.own != kFrames)) {
                return "both sleep";
            }
            for (State& reached : next_) {
                if (known.insert(reached).second) {
                    open.push_back(std::move(reached));
                }
            }
        }
        states = known.size();
        return {};
    }
    size_t states = 0;

  private:
    static signed char load(const State& state, const End& end, int word) {
        for (auto stored = end.buffer.rbegin(); stored != end.buffer.rend(); ++stored) {
            if (stored->first == word) {
                return stored->second;
            }
        }
        return state.memory[static_cast<size_t>(word)];
    }
    static void store(End& end, int word, int value) {
        end.buffer.emplace_back(static_cast<signed char>(word), static_cast<signed char>(value));
    }
    void flush(State state, End State::* side) {
        auto& buffer = (state.*side).buffer;
        if (!buffer.empty()) {
            state.memory[static_cast<size_t>(buffer.front().first)] = buffer.front().second;
            buffer.erase(buffer.begin());
            next_.push_back(std::move(state));
        }
    }

    // Channel::try_send and, when the ring is full, the wait of Loop::send_frame.
    void step_of_producer(State state) {
        End& end = state.producer;
        const int slot = kFirstSlot + end.own % kSlots;
        const bool early = mistake_ == Mistake::kPublishBeforeCopy;
        switch (end.step) {
            case 0:
                if (end.own == kFrames) return;
                end.seen = load(state, end, kTail);
                end.step = end.own - end.seen < kSlots ? 1 : end.again ? 7 : 5;
                if (end.step == 1) end.again = false;
                break;
            case 1: early ? store(end, kHead, end.own + 1) : store(end, slot, end.own + 1), end.step = 2; break;
            case 2: early ? store(end, slot, end.own + 1) : store(end, kHead, end.own + 1), ++end.own, end.step = 3; break;
            case 3:  // the fence
                if (!end.buffer.empty() && mistake_ != Mistake::kNoFenceAfterPublishing) return;
                end.step = 4;
                break;
            case 4:
                state.bell_for_consumer |= load(state, end, kConsumerWaits) != 0;
                store(end, kProducerWaits, 0);
                end.step = 0;
                break;
            case 5: store(end, kProducerWaits, 1), end.step = 6; break;
            case 6:  // the fence of request_rings
                if (!end.buffer.empty() && mistake_ != Mistake::kNoFenceAfterFlag) return;
                end.again = true;
                end.step = mistake_ == Mistake::kNoSecondLook ? 7 : 0;
                break;
            case 7:  // asleep
                if (!state.bell_for_producer) return;
                state.bell_for_producer = end.again = false;
                store(end, kProducerWaits, 0);
                end.step = 0;
                break;
        }
        next_.push_back(std::move(state));
    }

    // Loop::receive over Channel::try_receive.
    void step_of_consumer(State state) {
        End& end = state.consumer;
        switch (end.step) {
            case 0:
                if (end.own == kFrames) return;
                store(end, kConsumerWaits, 1);
                end.step = 1;
                break;
            case 1:
                if (!end.buffer.empty() && mistake_ != Mistake::kNoFenceAfterFlag) return;
                end.step = 2;
                break;
            case 2: end.seen = load(state, end, kHead), end.step = end.seen == end.own ? 6 : 3; break;
            case 3:
                if (load(state, end, kFirstSlot + end.own % kSlots) != end.own + 1) {
                    wrong_ = "a frame is read that is not written yet, or is written over";
                    return;
                }
                store(end, kTail, ++end.own);
                end.step = 4;
                break;
            case 4:
                if (!end.buffer.empty() && mistake_ != Mistake::kNoFenceAfterPublishing) return;
                end.step = 5;
                break;
            case 5:
                state.bell_for_producer |= load(state, end, kProducerWaits) != 0;
                store(end, kConsumerWaits, 0);
                end.step = 0;
                break;
            case 6:
                if (!state.bell_for_consumer) return;
                state.bell_for_consumer = false;
                end.step = 0;
                break;
        }
        next_.push_back(std::move(state));
    }

    Mistake mistake_;
    std::vector<State> next_;
    std::string wrong_;
};

TEST(RingInterleavings, NoRingIsMissedAndNoFrameIsTorn) {
    Model model(Mistake::kNone);
    EXPECT_EQ(model.explore(), "");
    EXPECT_GT(model.states, 10'000U);
}

TEST(RingInterleavings, TheModelSeesWhatWouldBeWrong) {
    EXPECT_EQ(Model(Mistake::kNoFenceAfterFlag).explore(), "both sleep");
    EXPECT_EQ(Model(Mistake::kNoFenceAfterPublishing).explore(), "both sleep");
    EXPECT_EQ(Model(Mistake::kNoSecondLook).explore(), "both sleep");
    EXPECT_NE(Model(Mistake::kPublishBeforeCopy).explore(), "");
}

}  // namespace
}  // namespace kayton
