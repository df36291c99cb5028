// Saved packet sizes: what goes on after its process answers as what was never interrupted.
#include "core/saved_sizes.h"

#include <algorithm>
#include <random>

#include "check.h"
#include "core/errors.h"
#include "core/sketch.h"

using namespace tallytree;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kStart = 1'800'000'000;  // on a minute
constexpr Secret kSecret{7, 9};

Packet packet_of(uint64_t bytes) {
  Packet packet;
  packet.packets = 1;
  packet.bytes = bytes;
  return packet;
}

/// What would be on disk.
struct Files {
  Bytes sizes;
  std::vector<Bytes> panes;
};

Files files_of(const SizeCounter& counter) {
  const SavedSizes saved = counter.save();
  Files files{saved.encode(), {}};
  for (const SavedSizesPane& pane : saved.sealed) files.panes.push_back(pane.encode());
  return files;
}

SavedSizes read(const Files& files, const Secret& secret = kSecret) {
  SavedSizes saved = SavedSizes::decode(files.sizes, secret);
  for (const Bytes& pane : files.panes) saved.sealed.push_back(SavedSizesPane::decode(pane, secret));
  return saved;
}

/// One that is interrupted and one that is not, of the same packets.
struct Twins {
  SizeCounter whole{kSecret};
  SizeCounter broken{kSecret};

  void roll(uint64_t second) {
    for (SizeCounter* counter : {&whole, &broken}) counter->roll(second);
  }
  void add(uint64_t bytes, bool late = false) {
    const Packet packet = packet_of(bytes);
    const Packet* const one[] = {&packet};
    for (SizeCounter* counter : {&whole, &broken}) counter->add(one, late);
  }
  void interrupt() { broken = SizeCounter(read(files_of(broken))); }
  bool agree(const Window& window) const {
    const SizeSnapshot one = whole.look(window), other = broken.look(window);
    return one.covered == other.covered && one.sum().encode(kSecret) == other.sum().encode(kSecret);
  }
};

Files some_files() {
  Twins twins;
  for (uint64_t second = kStart + 55; second < kStart + 65; ++second) {
    twins.roll(second);
    for (uint64_t i = 0; i < 30; ++i) twins.add(40 + i * second % 1400);
  }
  return files_of(twins.whole);
}

template <typename Failure>
bool refused(const Files& files, const Secret& secret = kSecret) {
  try {
    read(files, secret);
  } catch (const Failure&) {
    return true;
  }
  return false;
}

}  // namespace

TEST(saved_sizes_answer_as_if_nothing_had_been) {
  std::mt19937_64 random(5);
  Twins twins;
  int errors = 0, interruptions = 0;
  for (uint64_t second = kStart + 30; second < kStart + 250; ++second) {
    if (second % 50 == 7) second += 3;
    twins.roll(second);
    const bool busy = second / 13 % 3 != 0;
    for (int i = 0; i < 40 && busy; ++i) {
      twins.add(20 + random() % 1480, random() % 50 == 0 && second % 50 != 10);
      if (random() % 100 != 0) continue;
      twins.interrupt();
      ++interruptions;
    }
    for (const Window& window : {Window{All{}}, Window{Realtime{}}, Window{Span{second - 59, second + 1}},
                                 Window{Span{second - 5, second}}, Window{Span{kStart, second + 1}}})
      errors += !twins.agree(window);
  }
  CHECK(interruptions > 30);
  CHECK_EQ(errors, 0);
  CHECK(twins.whole.look(Span{kStart, kStart + 250}).sealed.size() >= 4);
}

TEST(saved_sizes_do_not_mix_seconds_that_come_twice) {
  Twins twins;
  for (uint64_t second = kStart + 100; second < kStart + 110; ++second) {
    twins.roll(second);
    twins.add(100);
  }
  twins.interrupt();
  twins.roll(kStart + 50);
  twins.add(200);
  twins.interrupt();
  twins.add(300, true);
  twins.roll(kStart + 51);
  twins.add(400, true);
  CHECK(twins.agree(All{}));
  CHECK(twins.agree(Realtime{}));
  CHECK(twins.agree(Span{kStart, kStart + 200}));
  CHECK_EQ(twins.broken.look(All{}).sum().packets(), 13u);
}

TEST(saved_sizes_of_nothing_begin_with_the_first_packet) {
  Twins twins;
  twins.interrupt();
  twins.roll(kStart);
  twins.add(84);
  CHECK(twins.agree(All{}));
  CHECK((twins.broken.look(All{}).covered == Span{kStart, kStart + 1}));
}

TEST(saved_sizes_that_are_cut_or_changed_are_never_more_than_refused) {
  const Files files = some_files();
  size_t accepted = 0;
  const auto attempt = [&](const Bytes& bytes, bool pane) {
    try {
      if (pane)
        SavedSizesPane::decode(bytes, kSecret);
      else
        SizeCounter(SavedSizes::decode(bytes, kSecret));
      ++accepted;
    } catch (const std::invalid_argument&) {
    } catch (const Incompatible&) {
    }
  };
  for (const bool pane : {false, true}) {
    const Bytes& whole = pane ? files.panes.back() : files.sizes;
    for (size_t size = 0; size < whole.size(); ++size) attempt({whole.begin(), whole.begin() + size}, pane);
    CHECK_EQ(accepted, 0u);
    for (size_t at = 0; at < whole.size(); ++at) {
      Bytes bytes = whole;
      bytes[at] ^= static_cast<uint8_t>(1 << at % 8);
      attempt(bytes, pane);
    }
    CHECK(accepted < whole.size());
    accepted = 0;
  }
}

TEST(saved_sizes_of_another_sketch_are_refused) {
  CHECK(refused<Incompatible>(some_files(), {1, 1}));
  Sketch sketch({1, 1}, Filter{});
  bool thrown = false;
  try {
    sketch.add_sizes(read(some_files()));
  } catch (const Incompatible&) {
    thrown = true;
  }
  CHECK(thrown && sketch.sizes() == nullptr);
}

TEST(saved_sizes_beyond_what_can_be_counted_are_refused) {
  SavedSizes saved(kSecret);
  saved.open.push_back({kStart, {}});
  saved.past.add(1500, uint64_t{1} << 50);
  CHECK(!refused<std::invalid_argument>({saved.encode(), {}}));
  saved.past.add(1 << 20, uint64_t{1} << 42);
  CHECK(refused<std::invalid_argument>({saved.encode(), {}}));
}
