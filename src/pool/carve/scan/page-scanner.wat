;; The first look at pages (see page-signs.ts), for WebAssembly with SIMD. Its measure is plain-scanner.ts, which gives
;; the same signs; what is judged, and why, stands there.
;;
;; Each step takes 64 bytes, parted into the words at multiples of 8, where keys of all layouts but the 28-byte one can
;; be ($even), and those between ($odd). Of a hash the lower 16 bits are enough, so eight keys are judged at once:
;; obeyed(size) = ((hash * size) ^ offset) & (period - 1) == 0. A free word has its offset made odd: it obeys nothing.
(module
  (import "env" "memory" (memory 1 256 shared))

  ;; Lanes of a vector of 16-bit counts, added up; none is over 4096.
  (func $sum (param $lanes v128) (result i32)
    (local $pairs v128)
    (local.set $pairs (i32x4.extadd_pairwise_i16x8_u (local.get $lanes)))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $pairs)) (i32x4.extract_lane 1 (local.get $pairs)))
      (i32.add (i32x4.extract_lane 2 (local.get $pairs)) (i32x4.extract_lane 3 (local.get $pairs)))))

  ;; $bit when enough words of the page obey the channel's law; see PlainScanner.
  (func $channel (param $strong v128) (param $small v128) (param $size i32) (param $used i32) (param $bit i32) (result i32)
    (local $hits i32)
    (local.set $hits (call $sum (local.get $strong)))
    (if (i32.and
          (i32.ne (local.get $hits) (i32.const 0))
          (i32.ge_u (i32.mul (i32.mul (local.get $hits) (local.get $size)) (i32.const 5)) (i32.mul (local.get $used) (i32.const 2))))
      (then (return (local.get $bit))))
    (local.set $hits (call $sum (local.get $small)))
    (if (i32.and
          (i32.ge_u (local.get $hits) (i32.const 3))
          (i32.ge_u (i32.mul (i32.mul (local.get $hits) (local.get $size)) (i32.const 5)) (i32.mul (local.get $used) (i32.const 7))))
      (then (return (local.get $bit))))
    (i32.const 0))

  ;; Zero words among the first 256.
  (func $zeros (param $page i32) (result i32)
    (local $at i32) (local $count v128)
    (loop $next
      (local.set $count (i32x4.sub (local.get $count) (i32x4.eq (v128.load (i32.add (local.get $page) (local.get $at))) (v128.const i32x4 0 0 0 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 1024))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $count)) (i32x4.extract_lane 1 (local.get $count)))
      (i32.add (i32x4.extract_lane 2 (local.get $count)) (i32x4.extract_lane 3 (local.get $count)))))

  ;; RSDS and build lab signs alone: for dense pages.
  (func $traces (param $page i32) (result i32)
    (local $at i32) (local $rsds v128) (local $lab v128) (local $v v128)
    (loop $next
      (local.set $v (v128.load offset=0 (i32.add (local.get $page) (local.get $at))))
      (local.set $rsds (v128.or (local.get $rsds) (i32x4.eq (local.get $v) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352))))
      (local.set $lab (v128.or (local.get $lab) (i32x4.eq (v128.and (i32x4.sub (local.get $v) (v128.const i32x4 0x30303030 0x30303030 0x30303030 0x30303030)) (v128.const i32x4 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0)) (v128.const i32x4 0 0 0 0))))
      (local.set $v (v128.load offset=16 (i32.add (local.get $page) (local.get $at))))
      (local.set $rsds (v128.or (local.get $rsds) (i32x4.eq (local.get $v) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352))))
      (local.set $lab (v128.or (local.get $lab) (i32x4.eq (v128.and (i32x4.sub (local.get $v) (v128.const i32x4 0x30303030 0x30303030 0x30303030 0x30303030)) (v128.const i32x4 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0)) (v128.const i32x4 0 0 0 0))))
      (local.set $v (v128.load offset=32 (i32.add (local.get $page) (local.get $at))))
      (local.set $rsds (v128.or (local.get $rsds) (i32x4.eq (local.get $v) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352))))
      (local.set $lab (v128.or (local.get $lab) (i32x4.eq (v128.and (i32x4.sub (local.get $v) (v128.const i32x4 0x30303030 0x30303030 0x30303030 0x30303030)) (v128.const i32x4 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0)) (v128.const i32x4 0 0 0 0))))
      (local.set $v (v128.load offset=48 (i32.add (local.get $page) (local.get $at))))
      (local.set $rsds (v128.or (local.get $rsds) (i32x4.eq (local.get $v) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352))))
      (local.set $lab (v128.or (local.get $lab) (i32x4.eq (v128.and (i32x4.sub (local.get $v) (v128.const i32x4 0x30303030 0x30303030 0x30303030 0x30303030)) (v128.const i32x4 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0)) (v128.const i32x4 0 0 0 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 4096))))
    (i32.or
      (select (i32.const 0x100) (i32.const 0) (v128.any_true (local.get $rsds)))
      (select (i32.const 0x400) (i32.const 0) (i32x4.extract_lane 0 (local.get $lab)))))

  ;; Channel, sparse, RSDS and build lab signs of a page.
  (func $laws (param $page i32) (result i32)
    (local $at i32) (local $base i32)
    (local $v0 v128) (local $v1 v128) (local $v2 v128) (local $v3 v128)
    (local $low0 v128) (local $low1 v128) (local $high0 v128) (local $high1 v128)
    (local $free v128) (local $count v128) (local $rsds v128) (local $lab v128)
    (local $hash v128) (local $offset v128) (local $apart v128)
    (local $strong40 v128) (local $small40 v128)
    (local $strong48 v128) (local $small48 v128)
    (local $strong56 v128) (local $small56 v128)
    (local $strong64 v128) (local $small64 v128)
    (local $strong80 v128) (local $small80 v128)
    (local $strong28 v128) (local $small28 v128)
    (local $strongxp v128) (local $smallxp v128)
    (local $used i32)
    (loop $next
      (local.set $base (i32.add (local.get $page) (local.get $at)))
      ;; $even words
      (local.set $v0 (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (v128.load offset=0 (local.get $base)) (v128.load offset=16 (local.get $base))))
      (local.set $v1 (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (v128.load offset=32 (local.get $base)) (v128.load offset=48 (local.get $base))))
      (local.set $free (i16x8.narrow_i32x4_s (i32x4.eq (local.get $v0) (v128.const i32x4 0 0 0 0)) (i32x4.eq (local.get $v1) (v128.const i32x4 0 0 0 0))))
      (local.set $count (i16x8.sub (local.get $count) (local.get $free)))
      (local.set $rsds (v128.or (local.get $rsds) (v128.or (i32x4.eq (local.get $v0) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352)) (i32x4.eq (local.get $v1) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352)))))
      (local.set $lab (v128.or (local.get $lab) (v128.or
        (i32x4.eq (v128.and (i32x4.sub (local.get $v0) (v128.const i32x4 0x30303030 0x30303030 0x30303030 0x30303030)) (v128.const i32x4 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0)) (v128.const i32x4 0 0 0 0))
        (i32x4.eq (v128.and (i32x4.sub (local.get $v1) (v128.const i32x4 0x30303030 0x30303030 0x30303030 0x30303030)) (v128.const i32x4 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0 0xf0f0f0f0)) (v128.const i32x4 0 0 0 0)))))
      (local.set $low0 (v128.and (local.get $v0) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff)))
      (local.set $high0 (i32x4.shr_u (local.get $v0) (i32.const 16)))
      (local.set $v2 (i32x4.mul (local.get $low0) (v128.const i32x4 40543 40543 40543 40543)))
      (local.set $v0 (v128.xor
        (v128.and (local.get $v2) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff))
        (i32x4.shr_u (i32x4.add (i32x4.mul (local.get $high0) (v128.const i32x4 40543 40543 40543 40543)) (i32x4.shr_u (local.get $v2) (i32.const 16))) (i32.const 16))))
      (local.set $low1 (v128.and (local.get $v1) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff)))
      (local.set $high1 (i32x4.shr_u (local.get $v1) (i32.const 16)))
      (local.set $v2 (i32x4.mul (local.get $low1) (v128.const i32x4 40543 40543 40543 40543)))
      (local.set $v1 (v128.xor
        (v128.and (local.get $v2) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff))
        (i32x4.shr_u (i32x4.add (i32x4.mul (local.get $high1) (v128.const i32x4 40543 40543 40543 40543)) (i32x4.shr_u (local.get $v2) (i32.const 16))) (i32.const 16))))
      (local.set $hash (i16x8.narrow_i32x4_u (local.get $v0) (local.get $v1)))
      (local.set $offset (i16x8.sub (i16x8.add (i16x8.splat (local.get $at)) (v128.const i16x8 0 8 16 24 32 40 48 56)) (local.get $free)))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 40 40 40 40 40 40 40 40)) (local.get $offset)))
      (local.set $strong40 (i16x8.sub (local.get $strong40) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 4095 4095 4095 4095 4095 4095 4095 4095)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $small40 (i16x8.sub (local.get $small40) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 511 511 511 511 511 511 511 511)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 48 48 48 48 48 48 48 48)) (local.get $offset)))
      (local.set $strong48 (i16x8.sub (local.get $strong48) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 4095 4095 4095 4095 4095 4095 4095 4095)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $small48 (i16x8.sub (local.get $small48) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 1023 1023 1023 1023 1023 1023 1023 1023)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 56 56 56 56 56 56 56 56)) (local.get $offset)))
      (local.set $strong56 (i16x8.sub (local.get $strong56) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 4095 4095 4095 4095 4095 4095 4095 4095)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $small56 (i16x8.sub (local.get $small56) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 511 511 511 511 511 511 511 511)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 64 64 64 64 64 64 64 64)) (local.get $offset)))
      (local.set $strong64 (i16x8.sub (local.get $strong64) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 4095 4095 4095 4095 4095 4095 4095 4095)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 80 80 80 80 80 80 80 80)) (local.get $offset)))
      (local.set $strong80 (i16x8.sub (local.get $strong80) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 4095 4095 4095 4095 4095 4095 4095 4095)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $small80 (i16x8.sub (local.get $small80) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 1023 1023 1023 1023 1023 1023 1023 1023)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 28 28 28 28 28 28 28 28)) (local.get $offset)))
      (local.set $strong28 (i16x8.sub (local.get $strong28) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 2047 2047 2047 2047 2047 2047 2047 2047)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $small28 (i16x8.sub (local.get $small28) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 255 255 255 255 255 255 255 255)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      ;; the hash of XP
      (local.set $low0 (i16x8.narrow_i32x4_u (local.get $low0) (local.get $low1)))
      (local.set $high0 (i16x8.narrow_i32x4_u (local.get $high0) (local.get $high1)))
      (local.set $hash (i16x8.shr_u (i16x8.mul (v128.xor
        (v128.xor
          (i16x8.shl (v128.and (local.get $low0) (v128.const i16x8 255 255 255 255 255 255 255 255)) (i32.const 6))
          (i16x8.shl (i16x8.shr_u (local.get $low0) (i32.const 8)) (i32.const 4)))
        (v128.xor
          (i16x8.shl (v128.and (local.get $high0) (v128.const i16x8 255 255 255 255 255 255 255 255)) (i32.const 2))
          (i16x8.shr_u (local.get $high0) (i32.const 8)))) (v128.const i16x8 40543 40543 40543 40543 40543 40543 40543 40543)) (i32.const 2)))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 28 28 28 28 28 28 28 28)) (local.get $offset)))
      (local.set $strongxp (i16x8.sub (local.get $strongxp) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 2047 2047 2047 2047 2047 2047 2047 2047)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $smallxp (i16x8.sub (local.get $smallxp) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 255 255 255 255 255 255 255 255)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      ;; $odd words
      (local.set $v0 (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (v128.load offset=0 (local.get $base)) (v128.load offset=16 (local.get $base))))
      (local.set $v1 (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (v128.load offset=32 (local.get $base)) (v128.load offset=48 (local.get $base))))
      (local.set $free (i16x8.narrow_i32x4_s (i32x4.eq (local.get $v0) (v128.const i32x4 0 0 0 0)) (i32x4.eq (local.get $v1) (v128.const i32x4 0 0 0 0))))
      (local.set $count (i16x8.sub (local.get $count) (local.get $free)))
      (local.set $rsds (v128.or (local.get $rsds) (v128.or (i32x4.eq (local.get $v0) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352)) (i32x4.eq (local.get $v1) (v128.const i32x4 0x53445352 0x53445352 0x53445352 0x53445352)))))
      (local.set $low0 (v128.and (local.get $v0) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff)))
      (local.set $high0 (i32x4.shr_u (local.get $v0) (i32.const 16)))
      (local.set $v2 (i32x4.mul (local.get $low0) (v128.const i32x4 40543 40543 40543 40543)))
      (local.set $v0 (v128.xor
        (v128.and (local.get $v2) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff))
        (i32x4.shr_u (i32x4.add (i32x4.mul (local.get $high0) (v128.const i32x4 40543 40543 40543 40543)) (i32x4.shr_u (local.get $v2) (i32.const 16))) (i32.const 16))))
      (local.set $low1 (v128.and (local.get $v1) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff)))
      (local.set $high1 (i32x4.shr_u (local.get $v1) (i32.const 16)))
      (local.set $v2 (i32x4.mul (local.get $low1) (v128.const i32x4 40543 40543 40543 40543)))
      (local.set $v1 (v128.xor
        (v128.and (local.get $v2) (v128.const i32x4 0xffff 0xffff 0xffff 0xffff))
        (i32x4.shr_u (i32x4.add (i32x4.mul (local.get $high1) (v128.const i32x4 40543 40543 40543 40543)) (i32x4.shr_u (local.get $v2) (i32.const 16))) (i32.const 16))))
      (local.set $hash (i16x8.narrow_i32x4_u (local.get $v0) (local.get $v1)))
      (local.set $offset (i16x8.sub (i16x8.add (i16x8.splat (local.get $at)) (v128.const i16x8 4 12 20 28 36 44 52 60)) (local.get $free)))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 28 28 28 28 28 28 28 28)) (local.get $offset)))
      (local.set $strong28 (i16x8.sub (local.get $strong28) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 2047 2047 2047 2047 2047 2047 2047 2047)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $small28 (i16x8.sub (local.get $small28) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 255 255 255 255 255 255 255 255)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      ;; the hash of XP
      (local.set $low0 (i16x8.narrow_i32x4_u (local.get $low0) (local.get $low1)))
      (local.set $high0 (i16x8.narrow_i32x4_u (local.get $high0) (local.get $high1)))
      (local.set $hash (i16x8.shr_u (i16x8.mul (v128.xor
        (v128.xor
          (i16x8.shl (v128.and (local.get $low0) (v128.const i16x8 255 255 255 255 255 255 255 255)) (i32.const 6))
          (i16x8.shl (i16x8.shr_u (local.get $low0) (i32.const 8)) (i32.const 4)))
        (v128.xor
          (i16x8.shl (v128.and (local.get $high0) (v128.const i16x8 255 255 255 255 255 255 255 255)) (i32.const 2))
          (i16x8.shr_u (local.get $high0) (i32.const 8)))) (v128.const i16x8 40543 40543 40543 40543 40543 40543 40543 40543)) (i32.const 2)))
      (local.set $apart (v128.xor (i16x8.mul (local.get $hash) (v128.const i16x8 28 28 28 28 28 28 28 28)) (local.get $offset)))
      (local.set $strongxp (i16x8.sub (local.get $strongxp) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 2047 2047 2047 2047 2047 2047 2047 2047)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $smallxp (i16x8.sub (local.get $smallxp) (i16x8.eq (v128.and (local.get $apart) (v128.const i16x8 255 255 255 255 255 255 255 255)) (v128.const i16x8 0 0 0 0 0 0 0 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 4096))))
    (local.set $used (i32.sub (i32.const 1024) (call $sum (local.get $count))))
    (i32.or
      (i32.or
        (i32.or
          (select (i32.const 0x1000) (i32.const 0) (i32.le_u (local.get $used) (i32.const 64)))
          (select (i32.const 0x100) (i32.const 0) (v128.any_true (local.get $rsds))))
        (select (i32.const 0x400) (i32.const 0) (v128.any_true (v128.and (local.get $lab) (v128.const i32x4 -1 0 -1 0)))))
      (i32.or
        (i32.or
        (i32.or
        (call $channel (local.get $strong40) (local.get $small40) (i32.const 40) (local.get $used) (i32.const 1))
        (call $channel (local.get $strong48) (local.get $small48) (i32.const 48) (local.get $used) (i32.const 2)))
        (i32.or
        (call $channel (local.get $strong56) (local.get $small56) (i32.const 56) (local.get $used) (i32.const 4))
        (call $channel (local.get $strong64) (local.get $strong64) (i32.const 64) (local.get $used) (i32.const 8))))
        (i32.or
        (i32.or
        (call $channel (local.get $strong80) (local.get $small80) (i32.const 80) (local.get $used) (i32.const 16))
        (call $channel (local.get $strong28) (local.get $small28) (i32.const 28) (local.get $used) (i32.const 32)))
        (call $channel (local.get $strongxp) (local.get $smallxp) (i32.const 28) (local.get $used) (i32.const 64))))))

  ;; Whether three entries from $at on have keys, and zeros where entries of an expansion table do (expansion-layouts.ts).
  (func $entries (param $at i32) (param $size i32) (param $a i32) (param $b i32) (param $c i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 3))
    (loop $next
      (if (i32.or
            (i32.eqz (i32.load (local.get $at)))
            (i32.or
              (i32.load (i32.add (local.get $at) (local.get $a)))
              (i32.or (i32.load (i32.add (local.get $at) (local.get $b))) (i32.load (i32.add (local.get $at) (local.get $c))))))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (local.get $size)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.const 1))

  ;; The same from any offset that the layout allows.
  (func $expansion (param $page i32) (param $size i32) (param $step i32) (param $a i32) (param $b i32) (param $c i32) (result i32)
    (local $offset i32)
    (loop $next
      (if (call $entries (i32.add (local.get $page) (local.get $offset)) (local.get $size) (local.get $a) (local.get $b) (local.get $c))
        (then (return (i32.const 0x800))))
      (local.set $offset (i32.add (local.get $offset) (local.get $step)))
      (br_if $next (i32.lt_u (local.get $offset) (local.get $size))))
    (i32.const 0))

  (func $expansions (param $page i32) (result i32)
    (i32.or
      (i32.or
        (call $expansion (local.get $page) (i32.const 80) (i32.const 16) (i32.const 4) (i32.const 20) (i32.const 28))
        (call $expansion (local.get $page) (i32.const 56) (i32.const 8) (i32.const 4) (i32.const 20) (i32.const 28)))
      (i32.or
        (call $expansion (local.get $page) (i32.const 40) (i32.const 8) (i32.const 12) (i32.const 20) (i32.const 36))
        (i32.or
          (call $expansion (local.get $page) (i32.const 64) (i32.const 64) (i32.const 12) (i32.const 20) (i32.const 28))
          (call $expansion (local.get $page) (i32.const 48) (i32.const 16) (i32.const 12) (i32.const 20) (i32.const 28))))))

  (func $isZero (param $page i32) (result i32)
    (local $at i32) (local $base i32)
    (loop $next
      (local.set $base (i32.add (local.get $page) (local.get $at)))
      (if (v128.any_true (v128.or
            (v128.or (v128.load (local.get $base)) (v128.load offset=16 (local.get $base)))
            (v128.or (v128.load offset=32 (local.get $base)) (v128.load offset=48 (local.get $base)))))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 4096))))
    (i32.const 1))

  (func $signs (param $page i32) (result i32)
    (local $signs i32)
    (if (call $isZero (local.get $page)) (then (return (i32.const 0))))
    (local.set $signs (i32.const 0x8000))
    (if (i32.eq (i32.load (local.get $page)) (i32.const 0x6c66764f))
      (then (local.set $signs (i32.const 0x8080))))
    (if (i64.eq (i64.and (i64.load offset=48 (local.get $page)) (i64.const 0x0000ffffffff0000)) (i64.const 0x0000005c003a0000))
      (then (local.set $signs (i32.or (local.get $signs) (i32.const 0x200)))))
    (i32.or (local.get $signs)
      (if (result i32) (i32.lt_u (call $zeros (local.get $page)) (i32.const 4))
        (then (call $traces (local.get $page)))
        (else (i32.or (call $laws (local.get $page)) (call $expansions (local.get $page)))))))

  ;; Writes the signs of $count pages from $page on to $target, two bytes each.
  (func (export "scan") (param $page i32) (param $count i32) (param $target i32)
    (block $done
      (br_if $done (i32.eqz (local.get $count)))
      (loop $next
        (i32.store16 (local.get $target) (call $signs (local.get $page)))
        (local.set $page (i32.add (local.get $page) (i32.const 4096)))
        (local.set $target (i32.add (local.get $target) (i32.const 2)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br_if $next (local.get $count))))))
