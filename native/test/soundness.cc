// Soundness: streams of every kind, purged, encoded, merged by random trees and cut into windows; every key's
// interval is checked against an exact count. soundness [COUNT=20000000] [SEED=1]; the last line is the
// verdict.
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <span>

#include "core/ledger_sum.h"
#include "soundness_verdict.h"

using namespace tallytree;
using namespace tallytree::soundness;

namespace {

/// A ledger beside the exact count of every key.
struct Node {
  Node(const LedgerSpec& spec, size_t keys) : ledger(spec), truth(keys) {}

  Ledger ledger;
  std::vector<uint64_t> truth;
};

void feed(Node& node, const Stream& stream, size_t from, size_t to, std::mt19937_64& random) {
  const Admission admission = random() % 2 == 0 ? Admission::always : Admission::sparing;
  for (size_t i = from; i < to; ++i) {
    const uint32_t number = stream.numbers[i];
    const uint64_t amount = stream.bytes ? 40 + random() % 1461 : 1;
    node.ledger.add(stream.keys[number].key, stream.keys[number].hash, amount, admission);
    node.truth[number] += amount;
  }
}

void judge(const Node& node, const Stream& stream, Verdict& verdict) {
  verdict.judge(node.ledger, node.truth, stream);
}

/// What a query on the way does to a ledger.
void travel(Node& node, std::mt19937_64& random) {
  if (random() % 3 == 0) node.ledger = Ledger::decode(node.ledger.encode(), node.ledger.spec().secret);
  if (random() % 8 == 0) node.ledger = node.ledger.clone();
}

/// One after the other, or all at once as agents do.
void merge(Node& into, std::span<Node* const> others, std::mt19937_64& random) {
  std::vector<std::vector<uint8_t>> encoded;
  const bool at_once = random() % 2 == 0;
  if (at_once) encoded.push_back(into.ledger.encode());
  for (Node* from : others) {
    if (at_once)
      encoded.push_back(from->ledger.encode());
    else
      into.ledger.absorb(from->ledger);
    for (size_t i = 0; i < into.truth.size(); ++i) into.truth[i] += from->truth[i];
  }
  const std::vector<std::span<const uint8_t>> spans(encoded.begin(), encoded.end());
  if (at_once) into.ledger = sum_of(spans, into.ledger.spec().secret);
}

enum class Tree { chain, star, fan_in_8, random };

/// How many of those that are left go into the next sum.
size_t fan_in(Tree tree, size_t left, std::mt19937_64& random) {
  if (tree == Tree::star) return random() % 2 == 0 ? 1 : std::min<size_t>(left, 1 + random() % 64);
  return tree == Tree::fan_in_8 ? std::min<size_t>(left, 8) : 1;
}

/// Merges all nodes into one and returns its index. `seen` is shown the sum after every merge.
size_t merge_all(std::deque<Node>& nodes, Tree tree, std::mt19937_64& random,
                 const std::function<void(const Node&)>& seen) {
  std::deque<size_t> left(nodes.size());
  for (size_t i = 0; i < left.size(); ++i) left[i] = i;
  while (left.size() > 1) {
    if (tree == Tree::random) std::swap(left.front(), left[random() % left.size()]);
    const size_t into = left.front();
    left.pop_front();
    std::vector<Node*> others;
    for (size_t fan = fan_in(tree, left.size(), random); fan > 0; --fan) {
      others.push_back(&nodes[left.front()]);
      left.pop_front();
      travel(*others.back(), random);
    }
    // A chain hands the sum on; a star keeps it.
    if (tree == Tree::chain) std::swap(nodes[into], *others.back());
    merge(nodes[into], others, random);
    travel(nodes[into], random);
    seen(nodes[into]);
    tree == Tree::fan_in_8 ? left.push_back(into) : left.push_front(into);
  }
  return left.front();
}

void judge_hosts(const Stream& stream, size_t hosts, std::mt19937_64& random, Verdict& verdict) {
  const LedgerSpec spec = random_spec(stream, random);
  std::deque<Node> nodes;
  for (size_t host = 0; host < hosts; ++host) nodes.emplace_back(spec, stream.keys.size());
  const size_t part = stream.numbers.size() / hosts;
  for (size_t host = 0; host < hosts; ++host) {
    feed(nodes[host], stream, host * part, (host + 1) * part, random);
    if (random() % hosts < 4) judge(nodes[host], stream, verdict);
  }
  const auto tree = static_cast<Tree>(random() % 4);
  const size_t root = merge_all(nodes, tree, random, [&](const Node& sum) {
    if (random() % hosts < 3) judge(sum, stream, verdict);
  });
  judge(nodes[root], stream, verdict);
  // Counting goes on after a merge.
  feed(nodes[root], stream, 0, std::min<size_t>(stream.numbers.size(), 20000), random);
  judge(nodes[root], stream, verdict);
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20'000'000;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  Verdict verdict;
  for (uint64_t round = 0; verdict.passed + verdict.failed < wanted; ++round) {
    std::mt19937_64 random(seed * 1'000'003 + round);
    const size_t hosts = size_t{1} << random() % 11;
    const Stream stream = random_stream(round, hosts, random);
    judge_hosts(stream, hosts, random, verdict);
    if (random() % 3 == 0) judge_windows(stream, random, verdict);
  }
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(verdict.passed),
              static_cast<unsigned long long>(verdict.failed));
  return verdict.failed == 0 ? 0 : 1;
}
