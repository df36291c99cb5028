// Soundness of windows: hosts count a stream by the second, some packets a second late; spans of seconds and
// minutes, merged over the hosts, are checked against what came in exactly the seconds that they cover.
#include "core/counter.h"
#include "core/ledger_sum.h"
#include "soundness_verdict.h"

namespace tallytree::soundness {
namespace {

constexpr uint64_t kStart = 1'800'000'000;

struct Arrival {
  uint64_t second;
  uint32_t number;
  uint64_t amount;
};

/// A counter beside a record of everything it was given.
class Host {
 public:
  Host(const LedgerSpec& spec, uint64_t second) : counter_(CounterSpec(spec)), second_(second) {
    counter_.roll(second);
  }

  void roll(uint64_t second) {
    // After a gap there is no pane of the second before: what is late counts in the running one.
    may_be_late_ = second == second_ + 1;
    second_ = second;
    counter_.roll(second);
  }

  void count(const Stream& stream, uint32_t number, uint64_t amount, bool late) {
    const Key& key = stream.keys[number].key;
    Packet packet;
    packet.family = key.length() == 4 ? 4 : 6;
    std::copy_n(key.bytes.begin() + 1, key.length(), packet.src.begin());
    packet.packets = stream.bytes ? 1 : static_cast<uint32_t>(amount);
    packet.bytes = amount;
    const Packet* packets[] = {&packet};
    late = late && may_be_late_;
    counter_.add(packets, second_ - late);
    seen_.push_back({second_ - late, number, amount});
    counter_.settle(64);
  }

  const Counter& counter() const { return counter_; }
  void add_truth(const Span& span, std::vector<uint64_t>& truth) const {
    for (const Arrival& arrival : seen_)
      if (span.holds(arrival.second)) truth[arrival.number] += arrival.amount;
  }

 private:
  Counter counter_;
  uint64_t second_;
  bool may_be_late_ = false;
  std::vector<Arrival> seen_;
};

/// The hosts' sums over a span, merged.
void judge_span(const std::vector<Host>& hosts, const Span& span, const Stream& stream,
                std::mt19937_64& random, Verdict& verdict) {
  std::vector<uint64_t> truth(stream.keys.size());
  LedgerSum sum(window_spec(hosts.front().counter().spec()));
  std::vector<Snapshot> found;
  for (const Host& host : hosts) {
    found.push_back(host.counter().look(span));
    host.add_truth(found.back().covered, truth);
    sum.add(found.back().ledger().encode());
  }
  verdict.judge(sum.take(), truth, stream);
  for (int i = 0; i < 4; ++i) {
    const size_t number = random() % stream.keys.size();
    Interval alone;
    for (const Snapshot& host : found) {
      const Interval part = host.interval(stream.keys[number].key);
      alone = {alone.lower + part.lower, alone.upper + part.upper};
    }
    verdict.judge(alone.lower <= truth[number] && truth[number] <= alone.upper, "a key alone in a span");
  }
}

void judge_all_time(const std::vector<Host>& hosts, const Stream& stream, Verdict& verdict) {
  std::vector<uint64_t> truth(stream.keys.size());
  LedgerSum sum(hosts.front().counter().spec());
  for (const Host& host : hosts) {
    host.add_truth({0, UINT64_MAX}, truth);
    sum.add(host.counter().ledger(All{}));
  }
  verdict.judge(sum.take(), truth, stream);
}

/// Some seconds back to now, or some minutes, or a piece in the middle.
Span random_span(uint64_t now, std::mt19937_64& random) {
  const uint64_t from = now - std::min(now - kStart, random() % (random() % 2 == 0 ? 60 : 600));
  const uint64_t to = random() % 3 == 0 ? now + 1 : from + 1 + random() % (now + 1 - from);
  return {from, to};
}

}  // namespace

void judge_windows(const Stream& stream, std::mt19937_64& random, Verdict& verdict) {
  LedgerSpec spec = random_spec(stream, random);
  std::vector<Host> hosts;
  for (size_t host = 0; host < 1 + random() % 4; ++host) hosts.emplace_back(spec, kStart);
  const size_t length = std::min<size_t>(stream.numbers.size(), 60'000);
  const size_t a_second = 50 + random() % (length / 100 + 1);
  uint64_t now = kStart;
  for (size_t i = 0; i < length; ++i) {
    if (i % a_second == a_second - 1) {
      now += random() % 20 == 0 ? 1 + random() % 90 : 1;
      for (Host& host : hosts) host.roll(now);
      if (random() % 8 == 0) judge_span(hosts, random_span(now, random), stream, random, verdict);
    }
    const uint64_t amount = stream.bytes ? 40 + random() % 1461 : 1;
    hosts[random() % hosts.size()].count(stream, stream.numbers[i], amount, random() % 16 == 0);
  }
  for (int i = 0; i < 4; ++i) judge_span(hosts, random_span(now, random), stream, random, verdict);
  judge_all_time(hosts, stream, verdict);
}

}  // namespace tallytree::soundness
