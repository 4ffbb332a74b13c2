"""Accounts of what entities of the company charge each other."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0008_tax_withheld"),
    ]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="role",
            field=models.TextField(
                choices=[
                    ("receivable", "receivable"),
                    ("unapplied_cash", "unapplied_cash"),
                    ("customer_prepayment", "customer_prepayment"),
                    ("bank", "bank"),
                    ("card_clearing", "card_clearing"),
                    ("currency_valuation", "currency_valuation"),
                    ("tax_withheld", "tax_withheld"),
                    ("intercompany_receivable", "intercompany_receivable"),
                    ("intercompany_payable", "intercompany_payable"),
                    ("intercompany_income", "intercompany_income"),
                    ("intercompany_expense", "intercompany_expense"),
                    ("inventory", "inventory"),
                    ("tax_payable", "tax_payable"),
                    ("contract_position", "contract_position"),
                    ("revenue_goods", "revenue_goods"),
                    ("revenue_subscription", "revenue_subscription"),
                    ("revenue_service", "revenue_service"),
                    ("revenue_other", "revenue_other"),
                    ("breakage", "breakage"),
                    ("contract_receivable", "contract_receivable"),
                    ("contract_cash", "contract_cash"),
                    ("contract_goods", "contract_goods"),
                    ("refund_liability", "refund_liability"),
                    ("return_asset", "return_asset"),
                    ("financial_liability", "financial_liability"),
                    ("cost_to_obtain_asset", "cost_to_obtain_asset"),
                    ("cost_to_fulfil_asset", "cost_to_fulfil_asset"),
                    ("other_asset", "other_asset"),
                    ("supplier_payable", "supplier_payable"),
                    ("interest_income", "interest_income"),
                    ("interest_expense", "interest_expense"),
                    ("contract_cost_expense", "contract_cost_expense"),
                    ("cost_of_sales", "cost_of_sales"),
                    ("stock_adjustment", "stock_adjustment"),
                    ("write_off", "write_off"),
                    ("promotion", "promotion"),
                    ("fx_gain_loss", "fx_gain_loss"),
                    ("rounding", "rounding"),
                    ("retained_earnings", "retained_earnings"),
                ]
            ),
        ),
    ]
