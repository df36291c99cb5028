// Saved counters: one that goes on after its process answers as one that was never interrupted.
#include "../core/saved_counter.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "../core/engine.h"
#include "../core/errors.h"
#include "check.h"

using namespace tallytree;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kStart = 1'800'000'000;  // on a minute
const Secret kSecret{7, 9};

CounterSpec spec_of(uint32_t capacity) {
  CounterSpec spec;
  spec.key_type = KeyType::parse("src_dst");
  spec.capacity = capacity;
  spec.secret = kSecret;
  spec.spread_by = {KeyType::parse("src")};
  return spec;
}

Packet packet_of(uint32_t src, uint32_t dst, uint64_t second) {
  Packet packet;
  packet.family = 4;
  packet.packets = 1;
  packet.bytes = 84;
  packet.second = second;
  std::memcpy(packet.src.data(), &src, 4);
  std::memcpy(packet.dst.data(), &dst, 4);
  return packet;
}

/// What would be on disk.
struct Files {
  Bytes counter;
  std::vector<Bytes> panes;
};

Files files_of(const Counter& counter) {
  SavedCounter saved = counter.save();
  saved.settle();
  Files files{saved.encode(), {}};
  for (const SavedPane& pane : saved.sealed) files.panes.push_back(pane.encode());
  return files;
}

SavedCounter read(const Files& files, const CounterSpec& spec) {
  SavedCounter saved = SavedCounter::decode(files.counter, spec);
  for (const Bytes& pane : files.panes) saved.sealed.push_back(SavedPane::decode(pane, spec));
  return saved;
}

/// Of a host whose own namespace has this name.
std::unique_ptr<Sketch> sketch_in(const char* netns) {
  auto sketch = std::make_unique<Sketch>(kSecret, Filter{});
  const auto labels = std::make_shared<Labels>();
  labels->set_own(netns, Labels::kNone);
  sketch->use(labels);
  return sketch;
}

/// One packet a second.
void count_seconds(Sketch& sketch, uint64_t first, uint64_t last) {
  for (uint64_t second = first; second < last; ++second) {
    sketch.roll(second);
    const Packet packet = packet_of(1, 2, second);
    sketch.count({&packet, 1});
  }
  sketch.begin_flush();
  sketch.flush();
}

std::vector<std::string> names_of(const Ledger& ledger) {
  std::vector<std::string> names;
  for (const Ledger::Entry& entry : ledger.entries())
    names.push_back(ledger.spec().key_type.print(entry.key) + " " + std::to_string(entry.interval.lower));
  std::ranges::sort(names);
  return names;
}

/// A counter that is interrupted and one that is not, of the same packets.
struct Twins {
  explicit Twins(uint32_t capacity)
      : spec(spec_of(capacity)), whole(spec), broken(std::make_unique<Counter>(spec)) {}

  void roll(uint64_t second) {
    for (Counter* counter : {&whole, broken.get()}) counter->roll(second);
  }
  void add(const Packet& packet) {
    const Packet* const one[] = {&packet};
    for (Counter* counter : {&whole, broken.get()}) {
      counter->add(one);
      counter->settle(3);
    }
  }
  void interrupt() { broken = std::make_unique<Counter>(read(files_of(*broken), spec)); }

  CounterSpec spec;
  Counter whole;
  std::unique_ptr<Counter> broken;
};

bool same_answers(const Twins& twins, const Window& window) {
  const auto entries = [&](const Counter& counter) {
    return Ledger::decode(counter.ledger(window), kSecret).entries();
  };
  const auto keys = [&](const Counter& counter) {
    return Distinct::decode(counter.distinct(window)).set.count().count;
  };
  const auto spread = [&](const Counter& counter) {
    return counter.spread(KeyType::parse("src"), window).encode();
  };
  const auto one = entries(twins.whole), other = entries(*twins.broken);
  const auto same = [](const Ledger::Entry& a, const Ledger::Entry& b) {
    return a.key == b.key && a.interval == b.interval;
  };
  return std::ranges::equal(one, other, same) && keys(twins.whole) == keys(*twins.broken) &&
         spread(twins.whole) == spread(*twins.broken) &&
         twins.whole.covered(window) == twins.broken->covered(window);
}

template <typename Failure, typename Body>
bool throws(Body&& body) {
  try {
    body();
  } catch (const Failure&) {
    return true;
  }
  return false;
}

Files some_files(uint32_t keys) {
  const CounterSpec spec = spec_of(64);
  Counter counter(spec);
  for (uint64_t second = kStart + 55; second < kStart + 65; ++second) {
    counter.roll(second);
    for (uint32_t i = 0; i < keys; ++i) {
      const Packet packet = packet_of(i % 5, i, second);
      const Packet* const one[] = {&packet};
      counter.add(one);
    }
    counter.settle();
  }
  return files_of(counter);
}

}  // namespace

TEST(saved_counters_answer_as_if_nothing_had_been) {
  std::mt19937_64 random(5);
  Twins twins(1 << 14);
  int errors = 0, interruptions = 0;
  for (uint64_t second = kStart + 30; second < kStart + 250; ++second) {
    if (second % 50 == 7) second += 3;
    twins.roll(second);
    const bool busy = second / 13 % 3 != 0;
    for (int i = 0; i < 40 && busy; ++i) {
      twins.add(packet_of(random() % 9, random() % 30, second));
      if (random() % 100 != 0) continue;
      twins.interrupt();
      ++interruptions;
    }
    if (second % 20 != 0) continue;
    for (const Window& window : {Window{All{}}, Window{Realtime{}}, Window{Span{second - 59, second + 1}},
                                 Window{Span{second - 5, second}}, Window{Span{kStart, second + 1}}})
      errors += !same_answers(twins, window);
  }
  CHECK(interruptions > 30);
  CHECK_EQ(errors, 0);
}

TEST(saved_counters_stay_certain_when_full) {
  std::mt19937_64 random(6);
  Twins twins(64);
  std::vector<uint64_t> sent(2000);
  for (uint64_t second = kStart; second < kStart + 70; ++second) {
    twins.roll(second);
    for (int i = 0; i < 300; ++i) {
      const auto dst = static_cast<uint32_t>(random() % 2000 * (random() % 3) / 2);
      ++sent[dst];
      twins.add(packet_of(1, dst, second));
      if (random() % 1000 == 0) twins.interrupt();
    }
  }
  int errors = 0;
  Key key;
  for (uint32_t dst = 0; dst < sent.size(); ++dst) {
    twins.spec.key_type.make(packet_of(1, dst, 0), key);
    const Interval all = twins.broken->interval(key);
    const Interval span = twins.broken->interval(key, Span{kStart, kStart + 70});
    errors += all.lower > sent[dst] || all.upper < sent[dst];
    errors += span.lower > sent[dst] || span.upper < sent[dst];
  }
  CHECK_EQ(errors, 0);
  const Ledger sum = Ledger::decode(twins.broken->ledger(All{}), kSecret);
  CHECK_EQ(sum.total(), 70u * 300u);
}

TEST(saved_counters_that_are_cut_or_changed_are_never_more_than_refused) {
  for (const uint32_t keys : {20u, 300u}) {
    const Files files = some_files(keys);
    const CounterSpec spec = spec_of(64);
    size_t accepted = 0;
    const auto attempt = [&](const Bytes& bytes, bool pane) {
      try {
        if (pane)
          SavedPane::decode(bytes, spec);
        else
          SavedCounter::decode(bytes, spec);
        ++accepted;
      } catch (const std::invalid_argument&) {
      } catch (const Incompatible&) {
      }
    };
    for (const bool pane : {false, true}) {
      const Bytes& whole = pane ? files.panes.back() : files.counter;
      for (size_t size = 0; size < whole.size(); ++size) attempt({whole.begin(), whole.begin() + size}, pane);
      CHECK_EQ(accepted, 0u);
      for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 4000) {
        Bytes bytes = whole;
        bytes[at] ^= static_cast<uint8_t>(1 << at % 8);
        attempt(bytes, pane);
      }
      accepted = 0;
    }
  }
}

TEST(saved_counters_of_another_kind_are_refused) {
  const Files files = some_files(20);
  CounterSpec other = spec_of(128);
  CHECK(throws<Incompatible>([&] { read(files, other); }));
  other = spec_of(64);
  other.increment = Increment::bytes;
  CHECK(throws<Incompatible>([&] { read(files, other); }));
  other = spec_of(64);
  other.secret = {1, 1};
  CHECK(throws<Incompatible>([&] { read(files, other); }));
  other = spec_of(64);
  other.spread_by.clear();
  CHECK(throws<std::invalid_argument>([&] { read(files, other); }));
}

TEST(saved_counters_do_not_mix_seconds_that_come_twice) {
  Twins twins(256);
  for (uint64_t second = kStart + 100; second < kStart + 110; ++second) {
    twins.roll(second);
    twins.add(packet_of(1, 1, second));
  }
  twins.interrupt();
  twins.roll(kStart + 50);
  twins.add(packet_of(1, 1, kStart + 50));
  twins.interrupt();
  CHECK(same_answers(twins, All{}));
  CHECK(same_answers(twins, Span{kStart, kStart + 200}));
}

TEST(saved_counters_name_the_labels_of_both_processes) {
  CounterSpec spec = spec_of(64);
  spec.key_type = KeyType::parse("netns");
  spec.spread_by = {spec.key_type};
  const auto blue = sketch_in("blue"), red = sketch_in("red");
  blue->add_counter(spec);
  count_seconds(*blue, kStart + 50, kStart + 70);
  red->add_counter(read(files_of(*blue->counter("netns")), spec));
  count_seconds(*red, kStart + 70, kStart + 75);
  const Counter& counter = *red->counter("netns");
  for (const Window& window : {Window{All{}}, Window{Span{kStart, kStart + 75}}}) {
    const auto names = names_of(Ledger::decode(counter.ledger(window), kSecret));
    CHECK(names == std::vector<std::string>({"blue 20", "red 5"}));
    const Spread spread = Spread::decode(counter.spread(spec.key_type, window).encode(), kSecret);
    CHECK_EQ(spread.spec().owner.labels()->text(Labels::number_of("blue")), "blue");
    CHECK_EQ(spread.spec().owner.labels()->text(Labels::number_of("red")), "red");
  }
}
