"""The mis-link audit (ひも付け誤り総点検): is each number tied to the person it belongs to?

An audit is a folder, each stage a table in it. A score ranks work for people; it never makes a link.
"""
