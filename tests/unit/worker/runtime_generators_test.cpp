#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/worker/runtime_values.h"
#include "worker/runtime/iterators.h"

namespace kayton::testing {
namespace {

// What stands for a coroutine: its first word resumes it, and `body` is one step.
struct Frame {
    void (*resume)(void* frame);
    KtGenerator* self;
    const std::function<int32_t(KtGenerator*, int)>* body;
    int step;
};

void resume_frame(void* address) {
    auto* frame = static_cast<Frame*>(address);
    frame->self->status = (*frame->body)(frame->self, frame->step++);
}

constexpr KtFrameInfo kInfo = {"numbers", "test.kay"};

Ref<KtGenerator> generator(const std::function<int32_t(KtGenerator*, int)>& body,
                           const char* type = "Generator[int, int, int]") {
    Ref<KtGenerator> made(kt_generator_new(intern_type(type), sizeof(Frame), &kInfo));
    auto* frame = reinterpret_cast<Frame*>(made->frame);
    *frame = {resume_frame, made.get(), &body, 0};
    made->coroutine = frame;
    return made;
}

int32_t give(KtGenerator* self, int64_t value) {
    *static_cast<int64_t*>(self->out) = value;
    return KT_OK;
}

int32_t finish(KtGenerator* self, int64_t value) {
    *static_cast<int64_t*>(self->result) = value;
    self->has_result = 1;
    return KT_STOP;
}

TEST(Generator, GivesItsValuesThenStopsForGood) {
    const std::function<int32_t(KtGenerator*, int)> body = [](KtGenerator* self, int step) {
        return step < 2 ? give(self, step * 10) : finish(self, 7);
    };
    const auto made = generator(body);
    int64_t value = -1;
    EXPECT_EQ(kt_iterator_next(made.get(), &value), KT_OK);
    EXPECT_EQ(value, 0);
    EXPECT_EQ(kt_next(made.get(), &value), KT_OK);
    EXPECT_EQ(value, 10);
    EXPECT_EQ(kt_next(made.get(), &value), KT_ERROR);
    EXPECT_EQ(taken(), "StopIteration: 7");
    EXPECT_EQ(kt_next(made.get(), &value), KT_ERROR);
    EXPECT_EQ(taken(), "StopIteration: ");
    EXPECT_EQ(kt_iterator_next(made.get(), &value), KT_STOP);
}

TEST(Generator, TakesNothingBeforeItHasStarted) {
    const std::function<int32_t(KtGenerator*, int)> body = [](KtGenerator* self, int step) {
        if (self->action == kResumeDrop) return static_cast<int32_t>(KT_ERROR);
        return give(self, step == 0 ? 0 : *static_cast<const int64_t*>(self->sent) + 1);
    };
    const auto made = generator(body);
    const int64_t sent = 41;
    int64_t value = -1;
    EXPECT_EQ(kt_generator_send(made.get(), &sent, &value), KT_ERROR);
    EXPECT_EQ(taken(), "TypeError: can't send non-None value to a just-started generator");
    EXPECT_EQ(kt_next(made.get(), &value), KT_OK);
    EXPECT_EQ(kt_generator_send(made.get(), &sent, &value), KT_OK);
    EXPECT_EQ(value, 42);
}

TEST(Generator, CannotBeAskedWhileItRuns) {
    const std::function<int32_t(KtGenerator*, int)> body = [](KtGenerator* self, int) {
        int64_t value = 0;
        return kt_iterator_next(self, &value);
    };
    const auto made = generator(body);
    int64_t value = 0;
    EXPECT_EQ(kt_iterator_next(made.get(), &value), KT_ERROR);
    EXPECT_EQ(taken(), "ValueError: generator already executing");
}

TEST(Generator, MayNotRaiseStopIteration) {
    const std::function<int32_t(KtGenerator*, int)> body = [](KtGenerator*, int) {
        return raise(Exc::StopIteration, "lost");
    };
    const auto made = generator(body);
    int64_t value = 0;
    EXPECT_EQ(kt_iterator_next(made.get(), &value), KT_ERROR);
    ASSERT_NE(vm.pending, nullptr);
    EXPECT_EQ(vm.pending->cause->base.type, exception_type(Exc::StopIteration));
    EXPECT_EQ(taken(), "RuntimeError: generator raised StopIteration");
}

TEST(GeneratorClose, UndoesAnUnguardedFrameWithoutAnException) {
    int undone = 0;
    const std::function<int32_t(KtGenerator*, int)> body = [&](KtGenerator* self, int) {
        if (self->action == kResumeDrop) {
            ++undone;
            EXPECT_EQ(vm.pending, nullptr);
            return static_cast<int32_t>(KT_ERROR);
        }
        return give(self, 1);
    };
    {
        const auto made = generator(body);
        int64_t value = 0;
        EXPECT_EQ(kt_iterator_next(made.get(), &value), KT_OK);
    }
    EXPECT_EQ(undone, 1);
}

TEST(GeneratorClose, RaisesGeneratorExitAtAGuardedYieldAndRefusesAnother) {
    const std::function<int32_t(KtGenerator*, int)> body = [](KtGenerator* self, int) {
        if (self->action == kResumeThrow) {
            EXPECT_EQ(taken(), "GeneratorExit: ");
        }
        self->guarded = 1;
        return give(self, 1);
    };
    const auto made = generator(body);
    int64_t value = 0;
    EXPECT_EQ(kt_iterator_next(made.get(), &value), KT_OK);
    EXPECT_EQ(kt_generator_close(made.get()), KT_ERROR);
    EXPECT_EQ(taken(), "RuntimeError: generator ignored GeneratorExit");
    made->guarded = 0;  // so that it can go
}

TEST(GeneratorClose, KeepsThePendingExceptionOfWhoDropsIt) {
    const std::function<int32_t(KtGenerator*, int)> body = [](KtGenerator* self, int) {
        if (self->action == kResumeThrow) return static_cast<int32_t>(KT_ERROR);
        self->guarded = 1;
        return give(self, 1);
    };
    {
        const auto made = generator(body);
        int64_t value = 0;
        EXPECT_EQ(kt_iterator_next(made.get(), &value), KT_OK);
        raise(Exc::ValueError, "mine");
    }
    EXPECT_EQ(taken(), "ValueError: mine");
}

TEST(GeneratorDelegation, AsksTheInnerOneAndGoesOnAtItsEnd) {
    const std::function<int32_t(KtGenerator*, int)> inner_body = [](KtGenerator* self, int step) {
        return step < 3 ? give(self, step) : finish(self, 5);
    };
    const auto inner = generator(inner_body);
    int resumed = 0;
    const std::function<int32_t(KtGenerator*, int)> outer_body = [&](KtGenerator* self, int step) {
        ++resumed;
        if (step == 0) {
            const int32_t status = kt_iterator_next(inner.get(), self->out);
            self->delegate = inner.get();
            return status;
        }
        int64_t result = 0;
        EXPECT_EQ(kt_iterator_next(inner.get(), self->out), KT_STOP);
        EXPECT_EQ(kt_generator_result(inner.get(), &result), KT_OK);
        return finish(self, result * 2);
    };
    const auto outer = generator(outer_body);
    int64_t value = -1;
    for (int64_t expected = 0; expected < 3; ++expected) {
        EXPECT_EQ(kt_iterator_next(outer.get(), &value), KT_OK);
        EXPECT_EQ(value, expected);
    }
    EXPECT_EQ(resumed, 1);
    EXPECT_EQ(kt_next(outer.get(), &value), KT_ERROR);
    EXPECT_EQ(taken(), "StopIteration: 10");
    EXPECT_EQ(resumed, 2);
}

}  // namespace
}  // namespace kayton::testing
