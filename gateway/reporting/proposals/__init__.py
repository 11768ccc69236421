"""The impression that the answers propose, in the language of the report.

    sentences, sentences.json   what each coded answer says in a sentence, by language
    impression                  which sentences a form proposes, and which of a text other answers say

Nothing is put together from parts of sentences, and nothing is said that no coded answer says.
"""
