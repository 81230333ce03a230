// What the lanes of a workgroup have, joined in a fixed order.

const LANES: u32 = 64;
var<workgroup> parts: array<vec2f, LANES>;

// The sums of the numbers of LANES lanes, in a fixed order, for each of them.
fn sums(lane: u32, part: vec2f) -> vec2f {
  parts[lane] = part;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (lane % LANES < span) { parts[lane] += parts[lane + span]; }
    workgroupBarrier();
  }
  let result = parts[lane / LANES * LANES];
  workgroupBarrier(); // parts may be written again
  return result;
}

// The largest of the lanes' first numbers and the sum of their second ones, for all lanes.
fn top_and_sum(lane: u32, part: vec2f) -> vec2f {
  parts[lane] = part;
  workgroupBarrier();
  for (var span = LANES / 2u; span > 0u; span /= 2u) {
    if (lane < span) { parts[lane] = vec2f(max(parts[lane].x, parts[lane + span].x), parts[lane].y + parts[lane + span].y); }
    workgroupBarrier();
  }
  let result = parts[0];
  workgroupBarrier(); // parts may be written again
  return result;
}
