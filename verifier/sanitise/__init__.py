"""Untrusted bytes in, fresh pixels out, in a keyless child; and the watermark. Knows pixels, not keys."""
