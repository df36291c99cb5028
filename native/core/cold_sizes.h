// What sizes the keys in a cold part have: an estimate from the values of its cells.
#pragma once

#include <vector>

#include "cold.h"

namespace tallytree {

/**
 * How many keys of each size 1, 2, ... make the cells' values most likely, by expectation maximisation (Kumar
 * et al., "Data Streaming Algorithms for Efficient and Accurate Estimation of Flow Size Distribution", 2004,
 * MRAC). Keys of a size come to a cell as a Poisson variable, so its value is compound Poisson (Panjer,
 * 1981), and a cell of value v is expected to hold rate_j P(v - j) / P(v) keys of size j: no partition has to
 * be listed.
 *
 * `guess`: the numbers to begin with; none above its length, nor above kMostColdSize, is looked for. Empty
 * when too many cells are beyond kMostColdSize to tell, as those of byte counts are.
 */
std::vector<double> cold_sizes(const Cold& cold, std::vector<double> guess);

inline constexpr size_t kMostColdSize = 1023;

}  // namespace tallytree
