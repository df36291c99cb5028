// A tap and its thread: answers know every packet from before the question,
// whoever asks, until the end.
#include "core/tap.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "check.h"
#include "core/descriptor.h"

using namespace tallytree;

namespace {

constexpr uint64_t kFlows = 3000;

/// Packets of kFlows flows in turn, as many as any thread says there are.
class Tickets final : public Source {
 public:
  explicit Tickets(std::atomic<uint64_t> &offered) : offered_(offered) {}

  size_t read(std::span<Packet> out) noexcept override {
    const uint64_t there = offered_;
    size_t n = 0;
    for (; n < out.size() && read_ < there; ++read_) {
      Packet packet;
      packet.src[3] = static_cast<uint8_t>(read_ % kFlows);
      packet.src[2] = static_cast<uint8_t>(read_ % kFlows >> 8);
      packet.second = 1'700'000'000 + read_ / 100'000;
      out[n++] = packet;
    }
    return n;
  }
  std::span<const int> descriptors() const noexcept override { return {}; }
  uint64_t offered() noexcept override { return offered_; }
  uint64_t settled() noexcept override { return read_; }
  bool ended() const noexcept override { return offered_ == kEnd && read_ == kEnd; }
  SourceStats stats() override { return {}; }

  static constexpr uint64_t kEnd = 50'000;

 private:
  std::atomic<uint64_t> &offered_;
  uint64_t read_ = 0;
};

LedgerSpec spec_of(const char *type) {
  LedgerSpec spec;
  spec.key_type = KeyType::parse(type);
  return spec;
}

/// Returns when it is done.
void configure(Tap &tap, const std::vector<const char *> &types) {
  std::promise<void> done;
  tap.post([&](Engine &engine, Source &) {
    engine.add("s", std::make_unique<Sketch>(Secret{1, 2}, Filter{}));
    for (const char *type : types) engine.sketch("s").add_counter(CounterSpec(spec_of(type)));
    done.set_value();
  });
  done.get_future().get();
}

/// Asks from this thread what the counter has counted. Wrong: less than was
/// there before, unless the tap may have waited in vain as long as it waits, or
/// not just what was read.
struct Answer {
  uint64_t total = 0;
  bool right = false;
};
Answer ask(Tap &tap, const char *type, uint64_t before) {
  const auto start = std::chrono::steady_clock::now();
  std::promise<Answer> answer;
  const bool posted = tap.post([&, type](Engine &engine, Source &source) {
    const uint64_t total = Ledger::summarize(engine.counter("s", type).ledger(All{})).total;
    answer.set_value({total, total == source.settled()});
  });
  if (!posted) return {};
  auto [total, right] = answer.get_future().get();
  const bool in_vain = std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(50);
  return {total, right && (total >= before || in_vain)};
}

/// One packet at a time, each told by an eventfd; counts how often it is read.
class Told final : public Source {
 public:
  explicit Told(std::atomic<int> &reads) : reads_(reads), descriptor_{eventfd(0, EFD_NONBLOCK)} {}
  ~Told() override { close(descriptor_[0]); }

  void tell() { eventfd_write(descriptor_[0], 1); }
  size_t read(std::span<Packet> out) noexcept override {
    ++reads_;
    eventfd_t there;
    if (eventfd_read(descriptor_[0], &there) < 0) return 0;
    out[0] = Packet{};
    return 1;
  }
  bool drained() const noexcept override { return true; }
  std::span<const int> descriptors() const noexcept override { return descriptor_; }
  uint64_t offered() noexcept override { return 0; }
  uint64_t settled() noexcept override { return 0; }
  SourceStats stats() override { return {}; }

 private:
  std::atomic<int> &reads_;
  std::array<int, 1> descriptor_;
};

}  // namespace

TEST(tap_reads_once_for_each_packet_of_a_source_that_says_it_is_drained) {
  constexpr int kPackets = 50;
  std::atomic<int> reads = 0;
  auto source = std::make_unique<Told>(reads);
  Told &told = *source;
  Tap tap(std::move(source), [] {});
  tap.start();
  const auto start = std::chrono::steady_clock::now();
  for (int sent = 0; sent < kPackets; ++sent) {
    const int before = reads;
    told.tell();
    while (reads == before) std::this_thread::yield();
  }
  const auto ticks = (std::chrono::steady_clock::now() - start) / std::chrono::milliseconds(100);
  tap.stop();
  CHECK(reads >= kPackets);
  CHECK(reads <= kPackets + 2 + 2 * ticks);
}

TEST(tap_counts_what_was_there_before_the_question) {
  for (const auto &types : {std::initializer_list<const char *>{"src"}, {"src", "dst"}}) {
    std::atomic<uint64_t> offered = 0;
    Tap tap(std::make_unique<Tickets>(offered), [] {});
    configure(tap, types);
    tap.start();
    for (int round = 0; round < 50; ++round) {
      const uint64_t before = offered += 777;
      CHECK(ask(tap, "src", before).right);
    }
  }
}

TEST(tap_answers_many_threads_while_it_counts) {
  std::atomic<uint64_t> offered = 0;
  std::atomic<int> ends = 0;
  Tap tap(std::make_unique<Tickets>(offered), [&] { ++ends; });
  configure(tap, {"src", "dst"});
  tap.start();
  std::atomic<int> wrong = 0;
  const auto keep_asking = [&](const char *type) {
    for (uint64_t last = 0; last < Tickets::kEnd;) {
      const Answer answer = ask(tap, type, offered);
      wrong += !answer.right || answer.total < last;
      last = answer.total;
    }
  };
  {
    std::vector<std::jthread> askers;
    for (const char *type : {"src", "dst", "src"}) askers.emplace_back(keep_asking, type);
    while (offered < Tickets::kEnd) offered += 100;
  }
  CHECK_EQ(wrong.load(), 0);
  tap.stop();
  CHECK_EQ(ends.load(), 1);
}

TEST(tap_does_what_was_posted_before_it_stopped_and_nothing_after) {
  std::atomic<uint64_t> offered = 0;
  std::atomic<int> done = 0, refused = 0, accepted = 0;
  Tap tap(std::make_unique<Tickets>(offered), [] {});
  tap.start();
  {
    std::vector<std::jthread> posters;
    for (int i = 0; i < 3; ++i)
      posters.emplace_back([&] {
        while (tap.post([&](Engine &, Source &) { ++done; })) ++accepted;
        ++refused;
      });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    tap.stop();
  }
  CHECK_EQ(refused.load(), 3);
  CHECK(accepted > 0);
  CHECK_EQ(done.load(), accepted.load());
  tap.stop();  // again, for nothing
}
