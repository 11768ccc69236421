"""What is signed about a case, each in one transaction: the report, then documents that follow it. No row is changed.

signing    sign_report: the first report of a case
following  sign_document: an addendum, a correction or a withdrawal; correct_report: the same words again, under the
           identity that stands
"""
