"""The law as versioned data: who may ask whom for what, from when until when, and why."""
