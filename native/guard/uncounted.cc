// One subtraction, with what makes it certain.
#include "uncounted.h"

#include <algorithm>

namespace tallytree::guard {

void Uncounted::begin() {
  past_ += current_;
  current_ = 0;
  base_ = queues_.queued();
}

void Uncounted::update() {
  const uint64_t before = queues_.queued();
  const auto met = firewall_.counted();
  const uint64_t after = queues_.queued();
  exact_ = met && before == after && queues_.waiting() == 0;
  const uint64_t queued = after - base_;
  if (met && *met > queued) current_ = std::max(current_, *met - queued);
}

}  // namespace tallytree::guard
